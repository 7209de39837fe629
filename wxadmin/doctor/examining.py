"""All checks over one picture."""

from wxadmin.doctor import account_checks, outside_checks, proxy_checks, settings_checks, site_checks, store_checks
from wxadmin.doctor.findings import Finding, Grade
from wxadmin.doctor.picture import Picture

_CHECKS = (
    *settings_checks.CHECKS,
    *outside_checks.CHECKS,
    *proxy_checks.CHECKS,
    *account_checks.CHECKS,
    *site_checks.CHECKS,
    *store_checks.CHECKS,
)
_ORDER = list(Grade)


def examine(picture: Picture) -> list[Finding]:
    """What all checks come to, the gravest first."""
    findings = [finding for check in _CHECKS for finding in check(picture)]
    return sorted(findings, key=lambda finding: _ORDER.index(finding.grade))
