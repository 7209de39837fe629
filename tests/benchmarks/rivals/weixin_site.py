"""A Django site that logs its visitors in by django-allauth's weixin provider, set as its documentation says, with
WeChat's simulator in the place of WeChat. `weixin_site.py` makes its tables; gunicorn serves `application`."""

import os
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

_WECHAT = os.environ["WECHAT"]

settings.configure(
    SECRET_KEY="of a benchmark alone",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF="weixin_site",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": Path("site.sqlite3").absolute()}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "allauth",
        "allauth.account",
        "allauth.socialaccount",
        "allauth.socialaccount.providers.weixin",
    ],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
        "allauth.account.middleware.AccountMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
        }
    ],
    AUTHENTICATION_BACKENDS=["allauth.account.auth_backends.AuthenticationBackend"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
    LOGIN_REDIRECT_URL="/welcome",
    # All visitors come from one address, where the limits would be met at once.
    ACCOUNT_RATE_LIMITS=False,
    ACCOUNT_EMAIL_VERIFICATION="none",
    SOCIALACCOUNT_LOGIN_ON_GET=True,
    SOCIALACCOUNT_PROVIDERS={
        "weixin": {
            "AUTHORIZE_URL": f"{_WECHAT}/connect/oauth2/authorize",
            # The profile is asked for at each login, which a silent one does not allow.
            "SCOPE": ["snsapi_userinfo"],
            "APPS": [{"client_id": os.environ["APPID"], "secret": os.environ["APPSECRET"]}],
        }
    },
)
django.setup()

from allauth.socialaccount.providers.weixin.views import WeixinOAuth2Adapter  # noqa: E402 - needs the settings

WeixinOAuth2Adapter.access_token_url = f"{_WECHAT}/sns/oauth2/access_token"
# As WeChat's documents have it, and the simulator insists; the provider would post the same fields.
WeixinOAuth2Adapter.access_token_method = "GET"
WeixinOAuth2Adapter.profile_url = f"{_WECHAT}/sns/userinfo"


def welcome(request: HttpRequest) -> HttpResponse:
    """Who the visitor is, for the check that logins are real."""
    account = request.user.is_authenticated and request.user.socialaccount_set.first()
    return HttpResponse(account.uid if account else "", content_type="text/plain")


urlpatterns = [path("accounts/", include("allauth.urls")), path("welcome", welcome)]
application = get_wsgi_application()

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
