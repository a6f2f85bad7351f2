// Stands where Synapse and Element stand: answers every request with what reached it, as JSON. The request's target
// is as it came over the wire, Node does not tidy it. Ports are the arguments. It hangs up on who sends X-Hang-Up.
import { createServer } from 'node:http';

for (const port of process.argv.slice(2).map(Number)) {
  createServer(async (request, response) => {
    let bytes = 0;
    for await (const chunk of request) bytes += chunk.length;
    const { method, url, rawHeaders } = request;
    if (request.headers['x-hang-up']) return request.socket.destroy();
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ port, method, url, rawHeaders, bytes }));
  }).listen(port, '127.0.0.1');
}
