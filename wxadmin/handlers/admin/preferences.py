"""Language and colours, as the viewer likes them."""

from http import HTTPStatus

from wxadmin.handlers.admin.base import THEMES, AdminHandler

_CHOICES = {"lang": ("zh_CN", "en"), "theme": THEMES}


class Preferences(AdminHandler):
    """Keeps a choice in a cookie, so that the page comes right from the server: no flash, no JavaScript."""

    def post(self) -> None:
        for name, choices in _CHOICES.items():
            choice = self.get_body_argument(name, None)
            if choice in choices:
                self.keep_choice(f"wxadmin_{name}", str(choice))
        self.redirect(self.own_page(self.get_body_argument("back", "")), status=HTTPStatus.SEE_OTHER)
