"""Logged data: reading it, and what another policy would have earned."""

from capg_core.logs.value import OffPolicyValue, off_policy_value

__all__ = ["OffPolicyValue", "off_policy_value"]
