"""The communes' monthly form on the socio-economic situation, dropped as Excel and CSV files."""

from kho.sandbox.source import FileDrop, Source
from kho.sandbox.sources.commune_socioeconomic_forms.defects import KINDS
from kho.sandbox.sources.commune_socioeconomic_forms.files import write_files
from kho.sandbox.sources.commune_socioeconomic_forms.population import FormPopulation

SOURCE = Source(
    dataset="commune_socioeconomic_forms",
    key=("commune_code", "period_code", "line_code"),
    kinds=KINDS,
    populate=FormPopulation,
    served=FileDrop(connection="commune_forms", write=write_files),
)
