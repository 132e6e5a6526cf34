"""The finance agency: disbursement vouchers in a table of its database, deletions included."""

from kho.sandbox.source import AgencyTable, Column, Setup, Source
from kho.sandbox.sources.investment_disbursements.defects import VOUCHER_DEFECTS
from kho.sandbox.sources.investment_disbursements.population import VoucherPopulation


def _populate(setup: Setup) -> VoucherPopulation:
    return VoucherPopulation(setup.seed, setup.size, setup.epoch, setup.defect_scale, setup.reference)


SOURCE = Source(
    dataset="investment_disbursements",
    key=("so_chung_tu",),
    kinds=VOUCHER_DEFECTS,
    populate=_populate,
    # No key: the agency's software does not enforce one.
    served=AgencyTable(
        database="finance",
        name="tabmis.giai_ngan",
        comment="Chứng từ giải ngân vốn đầu tư công",
        columns=(
            Column("so_chung_tu", "text", "Số chứng từ"),
            Column("ma_du_an", "text", "Mã dự án đầu tư"),
            Column("ma_don_vi", "text", "Mã định danh đơn vị giải ngân"),
            Column("nam_ngan_sach", "integer", "Năm ngân sách"),
            Column("ngay_chung_tu", "date", "Ngày chứng từ"),
            Column("so_tien", "numeric(20, 2)", "Số tiền (đồng)"),
            Column("nguon_von", "text", "Nguồn vốn"),
            Column("dien_giai", "text", "Diễn giải"),
            Column("cap_nhat_luc", "timestamp", "Thời điểm cập nhật gần nhất"),
        ),
        indexes=(("cap_nhat_luc",),),
    ),
)
