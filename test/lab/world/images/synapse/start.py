#!/usr/bin/env python3
"""Entrypoint of the lab's matrixdotorg/synapse: the published image's start contract around a real Synapse.

Kept as published (element-hq/synapse, docker/README.md): the modes run (default) and generate; the variables
SYNAPSE_CONFIG_DIR, SYNAPSE_CONFIG_PATH, SYNAPSE_WORKER, UID and GID; as root, Synapse runs as 991:991 through gosu;
run never changes an owner and needs a configuration file; further arguments go to Synapse.

Where the lab differs:
- The certificates of the lab's ACME server verify: its roots, which change at each start of that server, are fetched
  from LAB_ROOTS_URL and join the system's in a bundle named by SSL_CERT_FILE. Nothing else is trusted, and
  verification stays on. Without an answer within 3 s the container starts all the same.
- Federation with the lab's private addresses is allowed by /lab/federation.yaml. It is the FIRST configuration file:
  Synapse takes its default paths from the last one, and there a key of the deployment's own file wins.
- The mode migrate_config, for images older than 2019, is not offered.
"""

import os
import sys
import tempfile
import urllib.error
import urllib.request

env = os.environ
SYSTEM_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


def fail(message):
    print(message, file=sys.stderr)
    sys.exit(2)


def as_user(argv):
    """The command, changed to the user that Synapse runs as when the container is started by root."""
    if os.getuid() != 0:
        return argv
    uid, gid = env.get("UID", "991"), env.get("GID", "991")
    return ["gosu", f"{uid}:{gid}", *argv]


def trust_the_lab():
    """Writes the bundle that OpenSSL reads through SSL_CERT_FILE."""
    try:
        with urllib.request.urlopen(env["LAB_ROOTS_URL"], timeout=3) as answer:
            roots = answer.read().decode()
    except (OSError, urllib.error.URLError) as error:
        print(f"lab: no ACME roots from {env['LAB_ROOTS_URL']}: {error}", file=sys.stderr)
        return
    with open(SYSTEM_BUNDLE, encoding="ascii") as system, tempfile.NamedTemporaryFile(
        "w", dir="/tmp", prefix="lab-roots-", suffix=".pem", delete=False
    ) as bundle:
        bundle.write(system.read() + "\n" + roots)
    os.chmod(bundle.name, 0o644)
    env["SSL_CERT_FILE"] = bundle.name


def generate(directory, path):
    """Makes what is missing of a configuration, and leaves what is there."""
    for name in ("SYNAPSE_SERVER_NAME", "SYNAPSE_REPORT_STATS"):
        if name not in env:
            fail(f"generate needs the environment variable {name}")
    server = env["SYNAPSE_SERVER_NAME"]
    data = env.get("SYNAPSE_DATA_DIR", "/data")
    log_config = f"{directory}/{server}.log.config"
    os.makedirs(directory, exist_ok=True)
    if not os.path.exists(log_config):
        with open(log_config, "w", encoding="ascii") as file:
            file.write(
                "version: 1\n"
                "formatters: {line: {format: '%(asctime)s - %(name)s - %(levelname)s - %(message)s'}}\n"
                "handlers: {console: {class: logging.StreamHandler, formatter: line}}\n"
                "root: {level: INFO, handlers: [console]}\n"
            )
    if os.getuid() == 0:
        os.chown(data, int(env.get("UID", "991")), int(env.get("GID", "991")))
    command = as_user([sys.executable, "-m", "synapse.app.homeserver"])
    command += ["--server-name", server, "--report-stats", env["SYNAPSE_REPORT_STATS"]]
    command += ["--config-path", path, "--config-directory", directory, "--data-directory", data]
    os.execvp(command[0], [*command, "--generate-config", "--open-private-ports"])


def run(path, arguments):
    chosen = any(a in ("-c", "--config-path") or a.startswith("--config-path=") for a in arguments)
    if not chosen and not os.path.exists(path):
        fail(f"no configuration at {path}: make one with the mode generate, or set SYNAPSE_CONFIG_PATH")
    trust_the_lab()
    command = as_user([sys.executable, "-m", env.get("SYNAPSE_WORKER", "synapse.app.homeserver")])
    command += ["--config-path", "/lab/federation.yaml"]
    if not chosen:
        command += ["--config-path", path]
    os.execvp(command[0], [*command, *arguments])


def main():
    mode = sys.argv[1] if len(sys.argv) > 1 else "run"
    directory = env.get("SYNAPSE_CONFIG_DIR", "/data")
    path = env.get("SYNAPSE_CONFIG_PATH", f"{directory}/homeserver.yaml")
    if mode == "generate":
        generate(directory, path)
    if mode != "run":
        fail(f"unknown mode {mode}")
    run(path, sys.argv[2:])


main()
