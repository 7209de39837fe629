"""Signing in and out of the dashboard: what a stranger meets, and how long a session lives."""

from tests.handlers.admin.conftest import SignIn


async def test_a_signed_in_person_sees_the_overview_and_who_they_are(staff: SignIn) -> None:
    ada = staff("admin")

    page = await ada.get("/admin/")

    assert page.status_code == 200
    assert ada.name in page.text


async def test_a_form_without_the_xsrf_token_changes_nothing(staff: SignIn) -> None:
    ada = staff("admin")

    refused = await ada.http.post(f"{ada.gateway}/admin/sign-out", headers={"Cookie": f"wxadmin_session={ada.token}"})

    assert refused.status_code == 403
    assert (await ada.get("/admin/")).status_code == 200
