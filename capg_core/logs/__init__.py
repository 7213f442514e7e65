"""Logged data: reading it, and what another policy would have earned."""

from capg_core.logs.log import Log
from capg_core.logs.reader import read_log
from capg_core.logs.value import OffPolicyValue, off_policy_value

__all__ = ["Log", "OffPolicyValue", "off_policy_value", "read_log"]
