"""The asynchronous way to DynamoDB over aiohttp, without threads for requests.

`forms` learns from botocore what it would send, and `suitability` tells whether that can be sent here.
`messages` has the pure parts of a request and an answer, `wire` the connections, `speaker` the attempts of a
call, `way` what belongs to one store. What is repeated decide the client's own handlers of `needs-retry`,
botocore's and ours (`attempts`), as in a synchronous call.
"""
