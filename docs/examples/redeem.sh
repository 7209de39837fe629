#!/bin/sh
# Asks the gateway who brought a ticket: redeem.sh TICKET, with GATEWAY_URL and SITE_KEY set. Prints the person as JSON.
# Exit codes: 0 a person, 3 the login has to begin again (used, expired, unknown), 1 the site or gateway is at fault.
set -u
ticket=${1:?"say the ticket: redeem.sh TICKET"}
case $ticket in *[!A-Za-z0-9_-]*) echo "that is no ticket" >&2 && exit 3 ;; esac
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

# The key comes from a file that is no file, so that it is in no list of processes. curl waits for Retry-After itself.
status=$(curl --silent --output "$answer" --write-out '%{http_code}' --max-time 10 --retry 3 --retry-max-time 30 \
  --config - "$GATEWAY_URL/api/v1/tickets/redeem" <<REQUEST
header = "Authorization: Bearer $SITE_KEY"
header = "Content-Type: application/json"
header = "Idempotency-Key: $(printf %s "$ticket" | openssl dgst -sha256 -r | cut -d' ' -f1)"
data = "{\"ticket\": \"$ticket\"}"
REQUEST
)

case $status in
  200) cat "$answer" && echo ;;
  404 | 409 | 410) cat "$answer" >&2 && exit 3 ;;
  *) echo "the gateway answered $status: $(cat "$answer")" >&2 && exit 1 ;;
esac
