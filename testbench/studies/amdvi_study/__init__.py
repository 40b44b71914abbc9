# SPDX-License-Identifier: Apache-2.0
"""What-if studies: a recipe is swept, drawn, checked for its shape and written as a page."""
