"""wxadmin demo."""

from typing import Annotated

import typer


def demo(
    port: Annotated[int, typer.Option(help="The gateway's port; simulator and shop take the two above it.")] = 8000,
    address: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    users: Annotated[
        int, typer.Option(min=0, help="How many made-up people the first start adds: none, or 100 and more.")
    ] = 500,
) -> None:
    """Show everything at once, without a WeChat account: simulator, gateway, dashboard, and a shop with a login."""
    import asyncio

    from wxadmin import log
    from wxadmin.commands.console import say
    from wxadmin.demo import stage
    from wxadmin.models import Role

    where = stage.Addresses(address, port)
    chosen = stage.demo_settings(where)
    log.set_up(chosen.log_level, chosen.log_format)
    secrets = stage.prepare(chosen, where, users=users)

    async def play() -> None:
        ready = asyncio.Event()
        playing = asyncio.create_task(stage.play(chosen, where, secrets.shop_key, ready=ready))
        playing.add_done_callback(lambda _: ready.set())
        await ready.wait()
        if not playing.done():
            say(
                _BANNER.format(
                    where=where, data=chosen.data_dir, roles=", ".join(Role), password=secrets.staff_password
                )
            )
        await playing

    asyncio.run(play())


_BANNER = """
  wxadmin is running. 演示已启动。

  Dashboard 管理后台           {where.dashboard}
    sign in as 登录名  {roles}
    password 密码      {password}
  Shop 演示商店                {where.shop}/
    log in here as a visitor would 在这里像访客一样登录
  WeChat simulator 微信模拟器  {where.simulator}/_sim/
    people, answers, faults 人物、应答、故障开关

  Data 数据  {data}    Stop 停止  Ctrl-C
"""
