"""The doctor (配置体检): looks at the whole set-up, and says what is wrong with it before a visitor meets it.

`looking` gathers what there is to see into one picture, `settings_checks`, `store_checks`, `account_checks`,
`site_checks`, `outside_checks` and `proxy_checks` judge it without asking anybody, and `findings` are what they come
to. `arrivals` and `fetching` are how our own public address is asked.
"""
