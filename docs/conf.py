# SPDX-License-Identifier: Apache-2.0
"""The documentation's settings; paths and versions come from docs/CMakeLists.txt."""
import logging

project = "amdvi"
author = "the amdvi authors"
copyright = author  # noqa: A001

extensions = ["myst_parser", "breathe", "sphinx.ext.graphviz"]
breathe_default_project = "amdvi"
breathe_domain_by_extension = {"h": "c"}
graphviz_output_format = "svg"
myst_heading_anchors = 3
# The compliance table starts one level down on purpose.
suppress_warnings = ["myst.header"]
exclude_patterns = ["examples/**", "templates/**", "tools/**", "*.inc", "_extra/**"]

html_theme = "furo"
templates_path = ["templates"]
# furo's own, and the list of versions below the name.
html_sidebars = {"**": ["sidebar/brand.html", "sidebar/versions.html", "sidebar/search.html", "sidebar/scroll-start.html",
                        "sidebar/navigation.html", "sidebar/scroll-end.html"]}
html_title = "amdvi"
html_copy_source = False
html_static_path = ["static"]
html_css_files = ["custom.css"]
html_extra_path = ["_extra"]


class SameNameOfTagAndFunction(logging.Filter):
    """C keeps structure tags and functions apart; Sphinx does not, and warns about `struct x` beside `x()`."""

    def filter(self, record: logging.LogRecord) -> bool:
        return "Duplicate C declaration" not in str(record.msg)


def setup(app) -> None:
    logging.getLogger("sphinx.sphinx.domains.c").addFilter(SameNameOfTagAndFunction())
