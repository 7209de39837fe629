"""Pictures made small show what they showed."""

import base64
import struct
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.palette import Painter

pytestmark = pytest.mark.browser

FEW_COLOURS = "<body style='margin:0;background:#0a7243'><div style='background:#fff;width:50px;height:50px'></div>"
MANY_COLOURS = (
    "<body style='margin:0;background:linear-gradient(90deg,transparent,#f00),linear-gradient(#000,#00f);height:300px'>"
)
FURTHEST_APART = """
async ([one, other]) => {
  const dots = async (picture) => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${picture}`)).blob());
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
    context.drawImage(bitmap, 0, 0);
    return context.getImageData(0, 0, bitmap.width, bitmap.height).data;
  };
  const [first, second] = [await dots(one), await dots(other)];
  return first.reduce((most, part, index) => Math.max(most, Math.abs(part - second[index])), 0);
}
"""


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page(viewport={"width": 300, "height": 300})
    yield page
    page.close()


def furthest_apart(page: Page, one: bytes, other: bytes) -> int:
    """The greatest difference of any colour's part, of 255."""
    return int(page.evaluate(FURTHEST_APART, [base64.b64encode(picture).decode() for picture in (one, other)]))


def test_a_picture_of_few_colours_is_the_same_to_the_dot(page: Page) -> None:
    page.set_content(FEW_COLOURS)
    png = page.screenshot()

    small = Painter(page).small(png)

    assert struct.unpack(">II", small[16:24]) == (300, 300)
    assert furthest_apart(page, png, small) == 0


def test_a_picture_of_many_colours_is_nearly_the_same(page: Page) -> None:
    page.set_content(MANY_COLOURS)
    png = page.screenshot()

    small = Painter(page).small(png)

    assert 0 < furthest_apart(page, png, small) < 64
