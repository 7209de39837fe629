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
    """Show everything at once, without a WeChat account: simulator, gateway and a shop that logs its visitors in."""
    import asyncio

    from wxadmin import log
    from wxadmin.commands.console import say
    from wxadmin.demo import stage

    where = stage.Addresses(address, port)
    chosen = stage.demo_settings(where)
    log.set_up(chosen.log_level, chosen.log_format)
    shop_key = stage.prepare(chosen, where, users=users)

    async def play() -> None:
        ready = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(stage.play(chosen, where, shop_key, ready=ready))
            await ready.wait()
            say(f"""
  wxadmin is running. 演示已启动。

  Shop 演示商店               {where.shop}/
    log in here as a visitor would 在这里像访客一样登录
  WeChat simulator 微信模拟器  {where.simulator}/_sim/
    people, answers, faults 人物、应答、故障开关

  Data 数据  {chosen.data_dir}    Stop 停止  Ctrl-C
""")

    asyncio.run(play())
