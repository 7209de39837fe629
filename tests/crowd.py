"""A crowd of users, and random filters to look for some of them by."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.factories import AccountFactory, SiteFactory, TokenFactory, UserChannelFactory, UserFactory

ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)


def crowd(rng: random.Random, people: int = 60) -> None:
    """So many people of each of two accounts, stored by factories; each has one channel."""
    for account in ("leaf", "ward"):
        made = AccountFactory(name=account)
        sites = [SiteFactory(name=f"{account}-{number}", account=made) for number in range(2)]
        for number in range(people):
            person = UserFactory(
                site=rng.choice(sites),
                silent=rng.random() < 0.5,
                openid=f"o{account}-{number % 3}-{rng.randrange(10**9):09}-{number}",
                first_seen_at=NOON - timedelta(hours=rng.randrange(200)),
                last_login_at=NOON - timedelta(hours=rng.randrange(100)),
                logins=rng.randrange(1, 9),
            )
            if person.granted_userinfo:
                person.nickname = rng.choice(["小雨", "Li_Lei", "100%", "=1+1", "罗密欧"])
            first_at, last_at = sorted([person.first_seen_at, person.last_login_at])
            channel = rng.choice(["poster", "menu", ""])
            UserChannelFactory(
                user=person, channel=channel, last_ref=f"M{number % 20}", first_at=first_at, last_at=last_at
            )
            if rng.random() < 0.6:
                TokenFactory(
                    user=person,
                    needs_consent=rng.random() < 0.5,
                    scope=rng.choice(["snsapi_base", "snsapi_userinfo"]),
                    refresh_expires_at=NOON + timedelta(days=10, hours=rng.randrange(700)),
                )


def drawn(rng: random.Random) -> dict[str, str]:
    """Up to three of the screen's filters, as a query string has them; most leave somebody."""
    values = {
        "q": rng.choice(["小", "li_", "0%", "=1", "M7", "oleaf-1-1", "oward-1-", "nobody"]),
        "account": rng.choice(["leaf", "ward"]),
        "site": rng.choice(["leaf-0", "leaf-1", "ward-0"]),
        "channel": rng.choice(["poster", "menu"]),
        "scope": rng.choice(["silent", "explicit"]),
        "token": rng.choice(["none", "needs_consent", "next_visit"]),
        "first_from": rng.choice(["2026-11-12", "2026-11-15"]),
        "first_to": rng.choice(["2026-11-17", "2026-11-20"]),
        "last_from": rng.choice(["2026-11-16", "2026-11-18"]),
        "last_to": rng.choice(["2026-11-19", "2026-11-20"]),
        "came_from": rng.choice(["2026-11-14", "2026-11-17"]),
        "came_to": rng.choice(["2026-11-17", "2026-11-19"]),
        "consent_from": rng.choice(["2026-12-05", "2026-12-15"]),
        "consent_to": rng.choice(["2026-12-20", "2026-12-25"]),
        "logins_min": rng.choice(["2", "5"]),
        "logins_max": rng.choice(["4", "8"]),
        "unionid": rng.choice(["known", "unknown"]),
    }
    return {name: values[name] for name in rng.sample(sorted(values), rng.choice([0, 1, 1, 1, 2, 2, 3]))}
