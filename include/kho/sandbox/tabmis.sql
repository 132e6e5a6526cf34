-- Purpose: the finance agency's own table, as its software would have made it.
-- Grain: one row per voucher; no key, since the source does not enforce one.
-- Can run twice: everything is created only where it is missing.
create schema if not exists tabmis authorization tabmis_owner;

set role tabmis_owner;

create table if not exists tabmis.giai_ngan (
    so_chung_tu text,
    ma_du_an text,
    ma_don_vi text,
    nam_ngan_sach integer,
    ngay_chung_tu date,
    so_tien numeric(20, 2),
    nguon_von text,
    dien_giai text,
    cap_nhat_luc timestamp
);

create index if not exists giai_ngan_cap_nhat_luc on tabmis.giai_ngan (cap_nhat_luc);

comment on table tabmis.giai_ngan is 'Chứng từ giải ngân vốn đầu tư công';
comment on column tabmis.giai_ngan.so_chung_tu is 'Số chứng từ';
comment on column tabmis.giai_ngan.ma_du_an is 'Mã dự án đầu tư';
comment on column tabmis.giai_ngan.ma_don_vi is 'Mã định danh đơn vị giải ngân';
comment on column tabmis.giai_ngan.nam_ngan_sach is 'Năm ngân sách';
comment on column tabmis.giai_ngan.ngay_chung_tu is 'Ngày chứng từ';
comment on column tabmis.giai_ngan.so_tien is 'Số tiền (đồng)';
comment on column tabmis.giai_ngan.nguon_von is 'Nguồn vốn';
comment on column tabmis.giai_ngan.dien_giai is 'Diễn giải';
comment on column tabmis.giai_ngan.cap_nhat_luc is 'Thời điểm cập nhật gần nhất';

grant usage on schema tabmis to kho_reader;
grant select on tabmis.giai_ngan to kho_reader;

reset role;
