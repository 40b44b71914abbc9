# SPDX-License-Identifier: Apache-2.0
"""Long runs behind scripts/campaign: rounds with a seed each, a ledger that adds up, the tables of docs/assurance.md."""
