-- wrk script: random request bodies from a JSON-lines file, every response checked, one JSON line of results.
-- Environment: BODIES is the file; KEY an API key; SEED the random seed; UNIQUE a prefix that, with a counter, replaces @@TN@@ in mutations

local bodies = {}
for line in io.lines(os.getenv("BODIES")) do bodies[#bodies + 1] = line end
local unique = os.getenv("UNIQUE")
local count = 0
local threads = {}

wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Accept"] = "application/json"
local key = os.getenv("KEY")
if key and key ~= "" then wrk.headers["Authorization"] = "Bearer " .. key end

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  math.randomseed(tonumber(os.getenv("SEED") or "1"))
  failures = 0
  first_failure = ""
end

function request()
  local body = bodies[math.random(#bodies)]
  if unique then
    count = count + 1
    body = body:gsub("@@TN@@", unique .. count, 1)
  end
  return wrk.format(nil, nil, nil, body)
end

function response(status, headers, body)
  -- a GraphQL error can come with status 200, and so can an error in a payload; "errors" follows or precedes "data" within the outer object
  if status ~= 200 or not body:find('"data"', 1, true) or body:find('"errors":[{', 1, true) then
    failures = failures + 1
    if failures == 1 then first_failure = status .. " " .. body:sub(1, 200) end
  end
end

function done(summary, latency, requests)
  local failed, example = 0, ""
  for _, thread in ipairs(threads) do
    failed = failed + thread:get("failures")
    if thread:get("first_failure") ~= "" then example = thread:get("first_failure") end
  end
  local socket = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format(
    'RESULT {"requests":%d,"us":%d,"bytes":%d,"failed":%d,"socket_errors":%d,"p50":%.3f,"p90":%.3f,"p99":%.3f,"max":%.3f,"mean":%.3f}\n',
    summary.requests, summary.duration, summary.bytes, failed, socket,
    latency:percentile(50) / 1000, latency:percentile(90) / 1000, latency:percentile(99) / 1000, latency.max / 1000, latency.mean / 1000))
  if example ~= "" then io.write("FAILURE " .. example:gsub("\n", " ") .. "\n") end
end
