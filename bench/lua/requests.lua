-- Requests for wrk, from the environment: METHOD, TARGET, AUTHORIZATION and BODY, in which %s
-- stands for a token. MODE says how tokens of the file TOKENS are used: "cycle" in turn without an end,
-- "once" each, "chain" the refresh token of each response after the others; "same" has none.
local method, target, mode = os.getenv("METHOD"), os.getenv("TARGET"), os.getenv("MODE")
local authorization, body = os.getenv("AUTHORIZATION"), os.getenv("BODY")
local tokens, first, last = {}, 1, 0
local ready

-- A line of the file has a token, or a token and the DPoP proof of its request.
local function with(line)
  local token, proof = line:match("^(%S+) (%S+)$")
  local headers = {}
  if proof then headers["DPoP"] = proof end
  token = token or line
  if authorization ~= "" then headers["Authorization"] = authorization:gsub("%%s", token) end
  if method == "GET" then return wrk.format(method, target, headers) end
  headers["Content-Type"] = "application/x-www-form-urlencoded"
  return wrk.format(method, target, headers, (body:gsub("%%s", token)))
end

function init()
  if mode == "same" then
    ready = with("")
    return
  end
  for line in io.lines(os.getenv("TOKENS")) do
    last = last + 1
    tokens[last] = mode == "cycle" and with(line) or line
  end
end

function request()
  if mode == "same" then return ready end
  local token = tokens[first]
  if mode == "cycle" then
    first = first % last + 1
    return token
  end
  if token then
    tokens[first] = nil
    first = first + 1
  end
  return with(token or "none-left")
end

if mode == "chain" then
  function response(status, headers, text)
    local successor = text:match('"refresh_token":"([^"]+)"')
    if successor then
      last = last + 1
      tokens[last] = successor
    end
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "bad": %d}\n',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
