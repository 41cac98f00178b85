#!/bin/sh
# Shows the newest measurements of a person. `sign-out` as an argument revokes the tokens.
# The first run prints an address for any browser; later runs use the refresh token in tokens.json.
# Needs curl and jq.
set -eu
cd "$(dirname "$0")"
. ./.env
umask 077

# post ADDRESS NAME=VALUE…: prints the response. curl reads the values from its standard input, so
# that no token is in the list of processes.
post() {
    address=$1
    shift
    for pair in "client_id=$QUANTIMODO_CLIENT_ID" "$@"; do
        printf 'data-urlencode = "%s"\n' "$pair"
    done | curl -sS --max-time 10 --config - "$address"
}

# get ADDRESS: the same with the access token.
get() {
    printf 'header = "Authorization: Bearer %s"\n' "$(member access_token < tokens.json)" |
        curl -sS --fail-with-body --max-time 10 --config - "$1"
}

# member NAME: prints a member of the JSON object on the standard input; nothing if it is not there.
member() {
    jq -r --arg name "$1" '.[$name] // empty'
}

# Ends the script if the response is an error.
check() {
    error=$(printf %s "$1" | member error)
    [ -z "$error" ] && return
    printf '%s: %s\nSee %s\n' "$error" "$(printf %s "$1" | member error_description)" \
        "$(printf %s "$1" | member error_uri)" >&2
    rm -f tokens.json
    exit 1
}

metadata=$(curl -sS --fail --max-time 10 "$QUANTIMODO_ISSUER/.well-known/openid-configuration")
endpoint() {
    printf %s "$metadata" | member "$1"
}

# RFC 8628: the person allows it in any browser, while this polls.
sign_in() {
    device=$(post "$(endpoint device_authorization_endpoint)" \
        "scope=basic readmeasurements offline_access")
    check "$device"
    echo "Open $(printf %s "$device" | member verification_uri_complete)"
    echo "and compare the code: $(printf %s "$device" | member user_code)"
    interval=$(printf %s "$device" | member interval)
    while :; do
        sleep "$interval"
        tokens=$(post "$(endpoint token_endpoint)" \
            grant_type=urn:ietf:params:oauth:grant-type:device_code \
            "device_code=$(printf %s "$device" | member device_code)")
        case $(printf %s "$tokens" | member error) in
            authorization_pending) ;;
            slow_down) interval=$((interval + 5)) ;;
            *) break ;;
        esac
    done
    check "$tokens"
    printf %s "$tokens" > tokens.json
}

# A refresh token works once: the new one is stored before anything else.
refresh() {
    tokens=$(post "$(endpoint token_endpoint)" grant_type=refresh_token \
        "refresh_token=$(member refresh_token < tokens.json)")
    check "$tokens"
    printf %s "$tokens" > tokens.json
}

if [ "${1:-}" = sign-out ]; then
    post "$(endpoint revocation_endpoint)" "token=$(member refresh_token < tokens.json)" > /dev/null
    rm tokens.json
    echo "Signed out"
    exit
fi
if [ -f tokens.json ]; then refresh; else sign_in; fi
echo "Signed in as $(get "$QUANTIMODO_ISSUER/api/v1/user/me" | member displayName)"
get "$QUANTIMODO_ISSUER/api/v1/measurements?sort=-startTime&limit=10" |
    jq -r '.[] | "\(.humanTime) \(.variable) \(.value) \(.unit)"'
