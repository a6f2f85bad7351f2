# shellcheck shell=bash
# --- replaces operations.sh in a document that has no room for it; without it no work is left unfinished

unknown_command() { # WORD
  die "unknown command $1, or its document had no room for it: see templates/matrixctl/README.md of gen-cloudinit"
}
refuse_unfinished() { :; }
continue_or_clean_up() { :; }
start_due_backup() { :; }
boot_begin() { unknown_command begin; }
list_operations() { :; }
