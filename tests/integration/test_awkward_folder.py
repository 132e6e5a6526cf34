"""A checkout or a state directory with a space and Vietnamese letters in its path."""

import pytest

from .embedded import AWKWARD
from .night import EPOCH, a_sandbox, new_province

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

FIRST = ("administrative_units", "administrative_unit_successions", "commune_form_lines", "agencies")
OF_EACH_KIND = {
    "REST": "digital_signatures",
    "PostgreSQL": "population",
    "MariaDB": "health_records",
    "files": "commune_socioeconomic_forms",
}


def test_every_kind_of_source_is_loaded_there() -> None:
    with a_sandbox(300, prefix=AWKWARD) as running:
        assert AWKWARD in str(running[0].home)
        province = new_province(*running)
        for dataset in (*FIRST, *OF_EACH_KIND.values()):
            assert province.run(dataset, EPOCH)[-1].outcome == "loaded", dataset
