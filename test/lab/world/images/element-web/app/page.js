// Shows what Element would read from its configuration, and asks the homeserver as a browser does (CORS applies).
const show = (id, text) => {
  document.getElementById(id).textContent = text;
};

const load = async () => {
  const config = await (await fetch('config.json', { cache: 'no-store' })).json();
  const homeserver = config.default_server_config?.['m.homeserver'] ?? {};
  show('homeserver', homeserver.base_url ?? 'none');
  show('server-name', homeserver.server_name ?? config.default_server_name ?? 'none');
  const versions = await (await fetch(new URL('_matrix/client/versions', `${homeserver.base_url}/`))).json();
  show('versions', versions.versions.join(' '));
};

load().catch((error) => show('versions', `${error}`));
