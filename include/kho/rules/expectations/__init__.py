"""This project's own expectations; importing this package registers them in Great Expectations.

Each comes with a metric that gives its condition twice, for SQL and for pandas, and the two agree
on every row. The SQL never raises, whatever the text, so a bad value is a failing row and not a
failing night; it is safe in parallel plans, and looks at cheap properties before costly ones.

Import it through `kho.rules.gx.load_gx`.
"""

from kho.rules.expectations.administrative_unit import ExpectAdministrativeUnitToBeValidOn
from kho.rules.expectations.agency_code import ExpectColumnValuesToBeAgencyCode
from kho.rules.expectations.citizen_id import (
    ExpectCitizenIdToMatchBirthDate,
    ExpectCitizenIdToMatchSex,
    ExpectColumnValuesToBeCitizenId,
)
from kho.rules.expectations.code_lists import (
    ExpectIndicatorValueToBePossible,
    ExpectSectorCodeToBeInVersion,
)
from kho.rules.expectations.dossier_code import (
    ExpectColumnValuesToBeDossierCode,
    ExpectDossierCodeDateToMatch,
)
from kho.rules.expectations.encoding import (
    ExpectColumnValuesToBeNfc,
    ExpectColumnValuesToNotBeLegacyEncoded,
)
from kho.rules.expectations.numbers import (
    ExpectColumnValuesToBeHealthInsuranceNumber,
    ExpectColumnValuesToBePhoneNumber,
    ExpectColumnValuesToBeProcedureCode,
    ExpectColumnValuesToBeSocialInsuranceNumber,
)
from kho.rules.expectations.on_time import ExpectOnTimeFlagToMatch
from kho.rules.expectations.presence import (
    ExpectColumnsToBeReadable,
    ExpectColumnValueToBePresent,
    ExpectColumnValueToBeReadable,
)
from kho.rules.expectations.tax_code import ExpectColumnValuesToBeTaxCode, ExpectTaxCodeToBeOfForm
from kho.rules.expectations.totals import (
    ExpectChangeFromLastPeriodToBeBetween,
    ExpectPartsToSumToTotal,
    ExpectShareToMatchParts,
)
from kho.rules.expectations.written_forms import (
    ExpectColumnValuesToBeDateText,
    ExpectColumnValuesToBeNumberText,
)

__all__ = [
    "ExpectAdministrativeUnitToBeValidOn",
    "ExpectChangeFromLastPeriodToBeBetween",
    "ExpectCitizenIdToMatchBirthDate",
    "ExpectCitizenIdToMatchSex",
    "ExpectColumnValueToBePresent",
    "ExpectColumnValueToBeReadable",
    "ExpectColumnValuesToBeAgencyCode",
    "ExpectColumnValuesToBeCitizenId",
    "ExpectColumnValuesToBeDateText",
    "ExpectColumnValuesToBeDossierCode",
    "ExpectColumnValuesToBeHealthInsuranceNumber",
    "ExpectColumnValuesToBeNfc",
    "ExpectColumnValuesToBeNumberText",
    "ExpectColumnValuesToBePhoneNumber",
    "ExpectColumnValuesToBeProcedureCode",
    "ExpectColumnValuesToBeSocialInsuranceNumber",
    "ExpectColumnValuesToBeTaxCode",
    "ExpectColumnValuesToNotBeLegacyEncoded",
    "ExpectColumnsToBeReadable",
    "ExpectDossierCodeDateToMatch",
    "ExpectIndicatorValueToBePossible",
    "ExpectOnTimeFlagToMatch",
    "ExpectPartsToSumToTotal",
    "ExpectSectorCodeToBeInVersion",
    "ExpectShareToMatchParts",
    "ExpectTaxCodeToBeOfForm",
    "Expectations",
]
