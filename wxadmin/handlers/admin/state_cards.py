"""The numbers of now: who is at WeChat, and how tokens stand."""

from collections.abc import Callable

from wxadmin.handlers.admin.numbers import Number, capped, whole
from wxadmin.i18n import Language, msgid, translator
from wxadmin.queries.overview import State
from wxadmin.queries.standing import Standing
from wxadmin.queries.token_states import TokenHealth


def cards(state: State, tokens: Standing | None, lang: Language, *, may_open: Callable[[str], bool]) -> list[Number]:
    """`tokens` is None for those who see none."""
    say = translator(lang).gettext
    waiting = Number(
        msgid("Waiting"),
        capped(state.waiting, say),
        "waiting",
        href="/admin/attempts?outcome=waiting" if may_open("/admin/attempts") else None,
    )
    if tokens is None:
        return [waiting]
    href = "/admin/tokens" if may_open("/admin/tokens") else None
    people = "/admin/users?token=needs_consent" if may_open("/admin/users") else href
    dead = tokens.of(TokenHealth.NEEDS_CONSENT)
    return [
        waiting,
        Number(msgid("Active tokens"), whole(tokens.valid), "active_tokens", href=href),
        Number(
            msgid("Consents ending within 3 days"),
            whole(tokens.dying),
            "dying_tokens",
            href=href and f"{href}#forecast",
        ),
        Number(msgid("Need consent again"), whole(dead), "needs_consent", href=people),
    ]
