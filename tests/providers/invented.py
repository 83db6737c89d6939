"""Invented providers, as a user would write them: together they use every mechanism of the definitions' format.

The first five are the catalogue's examples.
"""

from collections.abc import Mapping

from exporter.providers.catalogue import read
from exporter.providers.definition import Definition

_SOURCES = """
id: clicksend
name: ClickSend
base_url: https://rest.clicksend.com
sign_in: {basic: {note: "user name, and an API key as the password"}}
errors:
  code: /response_code
  codes: {SUCCESS: ok, UNAUTHORIZED: unauthorized, FORBIDDEN: forbidden, TOO_MANY_REQUESTS: rate_limited}
  bodies: [{where: {/data/banned: "1"}, reason: suspended}]
apis:
  credit:
    path: /v3/account
    cache_ttl: 1m
    account_id: /data/user_id
    credit: {balance: /data/balance, currency: /data/_currency/currency_name_short, auto_recharge: /data/auto_recharge}
---
id: brevo
name: Brevo
rate_limit: {calls: 100, per: 1h}
base_url: https://api.brevo.com
sign_in: {api_key: {header: api-key}}
errors:
  code: /code
  codes: {unauthorized: unauthorized, permission_denied: forbidden, account_under_validation: suspended}
  retry_after: {header: x-sib-ratelimit-reset}
apis:
  credit:
    path: /v3/account
    cache_ttl: 5m
    credit:
      - {each: /plan/*, where: {/type: sms}, wallet: /type, balance: /credits, currency: {constant: messages}}
      - {each: /plan/*, unless: {/type: sms}, wallet: /type, balance: /credits, currency: {constant: emails},
         expires: /endDate, optional: true}
  contacts:
    path: /v3/contacts
    query: {limit: "1"}
    cache_ttl: 15m
    contacts: {used: /count}
---
id: ovh
name: OVHcloud SMS
settings:
  service: {about: "the SMS account, as the console shows it (sms-xx00000-1)"}
  host: {about: where the account is, choices: [eu.api.ovh.com, ca.api.ovh.com, api.us.ovhcloud.com],
         default: eu.api.ovh.com}
base_url: https://{host}
sign_in:
  keys: {parts: [application_key, application_secret, consumer_key], signature: ovh}
errors:
  code: /errorCode
  codes: {NOT_CREDENTIAL: unauthorized, INVALID_KEY: unauthorized, NOT_GRANTED_CALL: forbidden}
apis:
  credit:
    path: /1.0/sms/{service}
    cache_ttl: 5m
    account_id: /name
    credit: {balance: /creditsLeft, currency: {constant: credits}}
---
id: skebby
name: Skebby
settings:
  host: {about: the brand's address, choices: [api.skebby.it, api.textanywhere.com], default: api.skebby.it}
base_url: https://{host}
sign_in:
  basic:
    session:
      path: /API/v1.0/REST/login
      format: text
      keep:
        user_key: {pointer: "", pattern: "([^;]+);.+"}
        session_key: {pointer: "", pattern: "[^;]+;(.+)"}
      headers: {user_key: "{user_key}", Session_key: "{session_key}"}
      lives: 4m
errors: {statuses: {404: unauthorized}}
apis:
  credit:
    path: /API/v1.0/REST/status
    query: {getMoney: "true", typeAliases: "true"}
    cache_ttl: 1m
    credit:
      - {balance: /money, currency: {constant: EUR}, optional: true}
      - {each: /sms/*, wallet: /type, balance: /quantity, currency: {constant: messages}}
---
id: africastalking
name: Africa's Talking
settings: {username: {about: the application's user name}}
base_url: https://api.africastalking.com
sign_in: {api_key: {header: apiKey}}
apis:
  credit:
    path: /version1/user
    query: {username: "{username}"}
    cache_ttl: 1m
    credit:
      balance: {pointer: /UserData/balance, pattern: "[A-Z]{3} (.+)", written: "1,234.56"}
      currency: {pointer: /UserData/balance, pattern: "([A-Z]{3}) .+"}
---
id: bare
name: A line of text, and numbers alone for errors
base_url: https://bare.example
sign_in: {api_key: {query: key}}
errors:
  code: {pointer: "", pattern: "ERR ([0-9]+)(?: .*)?"}
  codes: {900: unauthorized, 903: ip_not_allowed, 905: suspended}
apis:
  credit:
    path: /balance
    query: {v: "2"}
    format: text
    cache_ttl: 1m
    account_id: {pointer: "", pattern: '(?:OK|Saldo);([0-9a-f]+);.*'}
    credit:
      balance: {pointer: "", pattern: "(?:OK|Saldo);[0-9a-f]+;([0-9]+\\\\.[0-9]{2}) [^;]+;.*"}
      currency: {pointer: "", pattern: "[^;]+;[^;]+;[0-9.]+ ([^;]+);.*", words: {euros: EUR, "dollars (us)": USD}}
      expires: {pointer: "", pattern: "[^;]+;[^;]+;[^;]+;(\\\\d+-\\\\d+-\\\\d+)", time: date}
---
id: elements
name: XML with pots
base_url: https://elements.example
sign_in: {basic: {}}
errors:
  code: /accounts/error/code
  codes: {"7": unauthorized}
apis:
  credit:
    path: /v1.0/accounts
    headers: {X-Version: "1"}
    format: xml
    cache_ttl: 5m
    account_id: /accounts/customer/reference
    credit:
      each: /accounts/account/*
      unless: {/type: Test}
      wallet: /reference
      balance: {pointer: /messagesremaining, none: [unlimited]}
      currency: {constant: messages}
      expires: {pointer: /expireson, time: utc}
      messages_remaining: /channels
      auto_recharge: /renews
---
id: scaled
name: Money in parts of ten thousand
base_url: https://scaled.example
sign_in: {basic: {}}
apis:
  credit:
    path: /a1/me
    cache_ttl: 1m
    account_id: /id
    credit:
      balance: {pointer: /balance, divide_by: 10000}
      currency: /currency
      overdraft: {pointer: /creditlimit, divide_by: 100, written: "1 234,56"}
---
id: planned
name: A plan, its days and its features
base_url: https://planned.example
sign_in: {oauth1: {}, token: {header: Authorization, prefix: "Bearer "}}
errors:
  retry_after: /error/retryAfter
  bodies:
    - {where: {/ok: "false"}, has: [/error/locked], reason: suspended}
    - {lacks: [/ok, /plan]}
apis:
  subscription:
    path: /plan
    cache_ttl: 5m
    subscription:
      status: /plan/state
      statuses: {Live: active, Paused: suspended, Ended: expired, Try: trial}
      subscription_id: /plan/id
      plan: {pointer: /plan/name, words: {biz: Business}}
      start: {pointer: /plan/from, time: unix}
      end: {pointer: /plan/until, time: unix_ms}
      auto_renew: /plan/renew
      features: {pointer: /plan/features, ignore: [contacts]}
      max_contacts: /plan/features/contacts
  contacts:
    path: /contacts
    cache_ttl: 5m
    contacts: {used: /contacts/count, limit: /contacts/max, lists: /contacts/lists}
---
id: pointed
name: Arrays, escapes and a second place
base_url: https://pointed.example
sign_in: {token: {}}
apis:
  credit:
    path: /v1/{token}/balance
    cache_ttl: 1m
    credit:
      balance: [/data/1/a~1b/value, /data/0/old]
      currency: /data/1/c~0d
      last_recharge: /data/0/recharge/at
      last_recharge_amount: /data/0/recharge/amount
      expiring: /data/1/a~1b/expiring
---
id: named
name: Pots by the names of members
base_url: https://named.example
sign_in: {keys: {parts: [login, key]}}
apis:
  credit:
    path: /credit
    form: {user: "{login}", key: "{key}", fmt: "3"}
    cache_ttl: 1m
    credit:
      - {each: "/pots/{pot}", wallet: {key: pot}, balance: /left, currency: {pointer: /unit, words: {text: messages}}}
      - {each: "/money/{currency}", balance: "", currency: {key: currency}}
---
id: later
name: Some pay afterwards
base_url: https://later.example
sign_in: {oauth2: {token_url: /oauth/token, scope: read}}
errors:
  code: [/meta/code, /code]
  codes: {"200": ok, "401": unauthorized, "402": insufficient_credit, "429": rate_limited}
apis:
  credit:
    path: /balance
    cache_ttl: 1m
    postpaid: [{where: {/kind: postpaid}}, {has: [/invoice], lacks: [/prepaid]}]
    credit: {balance: {pointer: /prepaid/amount, none: ["-1", unlimited]}, currency: /prepaid/currency}
---
id: paired
name: Two pots in one item
base_url: https://paired.example
sign_in: {api_key: {header: Authorization, prefix: "App "}}
apis:
  credit:
    path: /accounts
    json: {key: "{api_key}", page: 1, all: true}
    cache_ttl: 1m
    credit:
      - {each: /accounts/*, wallet: /name, balance: /sms, currency: {constant: messages}}
      - {each: /accounts/*, wallet: /name, balance: /money, currency: {constant: EUR}}
---
id: priced
name: Prices in rows, each with its currency
base_url: https://priced.example
sign_in: {api_key: {form: apikey}}
apis:
  prices:
    path: /prices
    form: {}
    cache_ttl: 6h
    prices:
      each: /result/*/rows/*
      where: {/kind: sms}
      country: /iso
      prefix: /code
      tier: /quality
      price: {pointer: /price, divide_by: 1000}
      currency: /currency
---
id: columned
name: Prices in columns, in XML
base_url: https://columned.example
sign_in: {api_key: {header: X-Key}}
apis:
  prices:
    path: /prices
    format: xml
    cache_ttl: 6h
    prices:
      each: /list/row/*
      country: /country
      prefix: /prefix
      tier: /tier
      price_by_currency: "[a-z]{3}"
      columns: [eur, sek]
---
id: enveloped
name: XML with codes and a plan
base_url: https://enveloped.example
sign_in: {keys: {parts: [key, secret], signature: mac}}
errors:
  code: /response/code
  codes: {"0": ok, "11": unauthorized, "12": timeout}
  bodies: [{where: {/response/state: frozen}, reason: suspended}]
apis:
  subscription:
    path: /plan
    format: xml
    cache_ttl: 5m
    account_id: /response/customer/0/id
    subscription:
      status: /response/plan/state
      statuses: {A: active, S: suspended}
      end: {pointer: /response/plan/end, pattern: "until (.+)", time: date}
      features: {pointer: /response/plan/features}
      max_contacts: {pointer: /response/plan/most, pattern: "([0-9]+) contacts"}
---
id: zoned
name: German numbers, and a pot of its own sort
base_url: https://zoned.example
sign_in: {token: {query: token}}
errors: {codes: {}, bodies: [{lacks: [/status], reason: server_error}]}
apis:
  credit:
    path: /konto
    cache_ttl: 1m
    credit:
      - balance: {pointer: /guthaben, written: "1.234,56", none: ["-"]}
        currency: {pointer: /waehrung, words: {Euro: EUR, Franken: CHF}}
        last_recharge: {pointer: /aufladung, time: date}
        where: {/art: "1"}
      - {each: /pakete/*, wallet: /nr, balance: {pointer: /rest, written: "1.234"}, currency: {constant: credits},
         optional: true, expires: {pointer: /bis, time: utc}, expiring: /verfall}
"""


def defined(source: str) -> Definition:
    return read("invented", source.encode())


INVENTED: Mapping[str, Definition] = {each.id: each for each in map(defined, _SOURCES.split("\n---\n"))}
"""The definitions by their ids."""
