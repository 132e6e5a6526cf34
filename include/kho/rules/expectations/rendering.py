"""How this project's expectations describe themselves in Great Expectations: in Vietnamese.

In:  an expectation's configuration. Out: the sentence of `kho.rules.wording`, for the pages of Data Docs and
     for whatever else shows rendered content.
"""

from typing import Any

from great_expectations.render.components import LegacyRendererType, RenderedStringTemplateContent
from great_expectations.render.renderer.renderer import renderer
from great_expectations.render.renderer_configuration import RendererConfiguration

from kho.rules.wording import sentence


class InVietnamese:
    """Comes before the expectation's base class."""

    @classmethod
    def _prescriptive_template(
        cls, renderer_configuration: RendererConfiguration[Any]
    ) -> RendererConfiguration[Any]:
        text = sentence(renderer_configuration.expectation_type, renderer_configuration.kwargs)
        renderer_configuration.template_str = text.replace("$", "$$")
        return renderer_configuration

    @classmethod
    @renderer(renderer_type=LegacyRendererType.PRESCRIPTIVE)
    def _prescriptive_renderer(
        cls,
        configuration: Any = None,
        result: Any = None,
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG003 - the renderer's signature
    ) -> list[RenderedStringTemplateContent]:
        found = configuration or (result.expectation_config if result else None)
        text = sentence(found.type, found.kwargs) if found else ""
        return [
            RenderedStringTemplateContent(
                content_block_type="string_template", string_template={"template": text.replace("$", "$$")}
            )
        ]
