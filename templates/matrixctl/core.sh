# shellcheck shell=bash
# --- what stands for operations.sh in a document that has no room for it; without it no work is left unfinished

settled() { :; }
operations() { die "unknown command $1, or its document had no room for it: see the README of gen-cloudinit, Operating"; }
operations_tick() { :; }
begin() { operations begin; }
operations_commands() { :; }
