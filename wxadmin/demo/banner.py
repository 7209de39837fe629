"""What the demo prints once it serves: where to look, how to sign in, and what others can reach."""

from io import StringIO
from pathlib import Path

import segno

from wxadmin.demo.addresses import Addresses
from wxadmin.models import Role

_PLACES = """
  wxadmin is running. 演示已启动。

  Dashboard 管理后台           {where.dashboard}
    sign in as 登录名  {roles}
    password 密码      {password}
  Shop 演示商店                {where.shop}/
    log in here as a visitor would 在这里像访客一样登录
  WeChat simulator 微信模拟器  {where.switches}
    people, answers, faults 人物、应答、故障开关

  Data 数据  {data}    Stop 停止  Ctrl-C
"""
_PHONE = """
  On a phone in the same network, scan this to open the shop:
  手机连到同一网络，扫码打开演示商店：

"""
_OPEN = """
  OPEN TO YOUR NETWORK until you stop it with Ctrl-C: whoever is in the same network as {listens} can
  open the shop, order faults in the simulator (no password), and reach the dashboard's sign-in. Nothing
  is encrypted: type the password on this machine only. No real WeChat, account or person is involved.
  按 Ctrl-C 停止之前，同一网络里的人都能访问：能打开商店，能在模拟器里打开故障开关（没有密码），能看到后台的登录页。
  传输没有加密，密码请只在本机输入。这里没有真实的微信、服务号和用户。
"""
# Black and white by themselves, whatever the terminal's colours: not every phone reads a code in negative.
_WHITE_ON_BLACK, _AS_BEFORE = "\x1b[97;40m", "\x1b[0m"


def text(where: Addresses, *, data: Path, password: str, in_colour: bool) -> str:
    """`in_colour` is for a terminal, which understands escape sequences."""
    parts = [_PLACES.format(where=where, data=data, roles=", ".join(Role), password=password)]
    if where.is_lan:
        parts += [_PHONE, qr_code(f"{where.shop}/", in_colour=in_colour)]
    if where.is_open:
        parts.append(_OPEN.format(listens=where.listen if where.is_lan else "this machine"))
    return "".join(parts)


def qr_code(address: str, *, in_colour: bool) -> str:
    """The address as lines of half blocks, the light ones drawn: black on white where the ground is black."""
    drawn = StringIO()
    segno.make(address, micro=False).terminal(drawn, compact=True)
    lines = drawn.getvalue().splitlines()
    before, after = (_WHITE_ON_BLACK, _AS_BEFORE) if in_colour else ("", "")
    return "".join(f"  {before}{line}{after}\n" for line in lines)
