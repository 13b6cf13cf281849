-- wrk with a question a request, each asked once: the lines of a file, from one of them on.
-- usage: wrk -t1 … -s wrk.lua URL -- FILE FIRST

local requests, at = {}, 0

function init(args)
   wrk.headers["Content-Type"] = "application/json"
   for line in io.lines(args[1]) do
      requests[#requests + 1] = wrk.format("POST", nil, nil, line)
   end
   at = tonumber(args[2])
end

function request()
   at = at % #requests + 1
   return requests[at]
end

function done(summary, latency)
   local failed = summary.errors
   io.write(string.format(
      'wrk.lua {"requests": %d, "seconds": %.6f, "p50_ms": %.4f, "p99_ms": %.4f, "errors": %d}\n',
      summary.requests, summary.duration / 1e6,
      latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
      failed.connect + failed.read + failed.write + failed.status + failed.timeout))
end
