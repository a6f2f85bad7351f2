/**
 * The keys of a cloud-config and the types that cloud-init expects for them. Source: cloud-init 26.2's
 * schema-cloud-config-v1.json and the modules' code; deeper levels only where a mistake is common.
 */
export interface Shape {
  /** Types that are taken, joined by `|`: str bool int float null list map binary. */
  readonly type: string;
  /** A scalar of another type breaks the module, because cloud-init does not convert it. */
  readonly breaks?: true;
  readonly items?: Shape;
  /** Known keys; when `closed`, the linter reports any other. */
  readonly keys?: Readonly<Record<string, Shape>>;
  readonly closed?: true;
  /** Shape of the value of any key. */
  readonly values?: Shape;
  readonly choices?: readonly string[];
  readonly deprecated?: { readonly since: string; readonly use?: string };
}

const STR: Shape = { type: 'str' };
const BOOL: Shape = { type: 'bool' };
const INT: Shape = { type: 'int' };
const MAP: Shape = { type: 'map' };
const LIST: Shape = { type: 'list' };
const STRINGS: Shape = { type: 'list', items: STR };
const BREAKING: Shape = { type: 'str', breaks: true };
/** util.shellify raises for a number, and then no command is run. */
const COMMAND: Shape = { type: 'str|list', items: STR, breaks: true };
const old = (shape: Shape, since: string, use?: string): Shape => ({
  ...shape,
  deprecated: use === undefined ? { since } : { since, use },
});

const WRITE_FILE: Shape = {
  type: 'map',
  closed: true,
  keys: {
    path: BREAKING,
    content: { type: 'str|binary', breaks: true },
    source: { type: 'map', keys: { uri: STR, headers: MAP } },
    owner: BREAKING,
    // Its own rule distinguishes 0644, 644 and 'u=rw'.
    permissions: { type: 'str|int|float|null' },
    encoding: BREAKING,
    append: BOOL,
    defer: BOOL,
  },
};

const MIRROR: Shape = {
  type: 'map',
  closed: true,
  keys: {
    arches: STRINGS,
    uri: STR,
    search: STRINGS,
    search_dns: BOOL,
    keyid: STR,
    key: STR,
    keyserver: STR,
  },
};

const APT: Shape = {
  type: 'map',
  closed: true,
  keys: {
    preserve_sources_list: BOOL,
    disable_suites: STRINGS,
    primary: { type: 'list', items: MIRROR },
    security: { type: 'list', items: MIRROR },
    add_apt_repo_match: STR,
    debconf_selections: { type: 'map', values: STR },
    sources_list: STR,
    conf: STR,
    https_proxy: STR,
    http_proxy: STR,
    proxy: STR,
    ftp_proxy: STR,
    sources: {
      type: 'map',
      values: {
        type: 'map',
        closed: true,
        keys: { source: BREAKING, keyid: STR, key: STR, keyserver: STR, filename: STR, append: BOOL },
      },
    },
  },
};

const USER: Shape = {
  type: 'str|map|list',
  items: STR,
  keys: {
    name: STR,
    gecos: STR,
    groups: { type: 'str|list|map', items: STR },
    homedir: STR,
    inactive: STR,
    expiredate: STR,
    lock_passwd: BOOL,
    'lock-passwd': old(BOOL, '22.3', 'lock_passwd'),
    passwd: STR,
    hashed_passwd: STR,
    plain_text_passwd: STR,
    primary_group: STR,
    shell: STR,
    no_create_home: BOOL,
    no_user_group: BOOL,
    ssh_authorized_keys: STRINGS,
    'ssh-authorized-keys': old(STRINGS, '18.3', 'ssh_authorized_keys'),
    ssh_import_id: STRINGS,
    sudo: { type: 'str|list|bool|null', items: { type: 'str|null' } },
    system: BOOL,
    uid: { type: 'int|str' },
  },
};

const CHPASSWD: Shape = {
  type: 'map',
  closed: true,
  keys: {
    expire: BOOL,
    users: { type: 'list', items: { type: 'map', keys: { name: STR, password: STR, type: STR } } },
    list: old({ type: 'str|list', items: STR }, '22.2', 'chpasswd.users'),
  },
};

const POWER_STATE: Shape = {
  type: 'map',
  closed: true,
  keys: {
    delay: { type: 'int|str' },
    mode: { type: 'str', choices: ['poweroff', 'reboot', 'halt'] },
    message: STR,
    timeout: INT,
    condition: { type: 'str|list|bool' },
  },
};

const PACKAGES: Shape = {
  type: 'list',
  items: { type: 'str|list|map', items: STR, keys: { apt: LIST, snap: LIST }, closed: true },
};

const names = (shape: Shape, list: string): Record<string, Shape> =>
  Object.fromEntries(list.split(' ').map((name) => [name, shape]));

/** Top-level keys. */
export const CLOUD_CONFIG: Shape = {
  type: 'map',
  closed: true,
  keys: {
    ...names(
      MAP,
      'ansible apk_repos autoinstall ca_certs chef device_aliases disk_setup drivers fan growpart grub_dpkg keyboard landscape lxd mcollective output puppet random_seed reporting resolv_conf rh_subscription rpi rsyslog salt_minion snap spacewalk ssh ssh_keys ssh_publish_hostkeys swap ubuntu_pro updates vendor_data yum_repos zypper',
    ),
    ...names(
      BOOL,
      'allow_public_ssh_keys create_hostname_file disable_ec2_metadata disable_root manage_resolv_conf migrate no_ssh_fingerprints package_reboot_if_required package_update package_upgrade prefer_fqdn_over_hostname preserve_hostname ssh_deletekeys ssh_quiet_keygen',
    ),
    ...names(
      STR,
      'authkey_hash byobu_by_default disable_root_opts final_message fqdn hostname locale_configfile password timezone yum_repo_dir',
    ),
    ...names(
      LIST,
      'cloud_config_modules cloud_final_modules cloud_init_modules fs_setup mount_default_fields ssh_fp_console_blacklist ssh_key_console_blacklist',
    ),
    ...names(STRINGS, 'ssh_authorized_keys ssh_genkeytypes ssh_import_id'),
    ...names({ type: 'bool|str' }, 'locale manage_etc_hosts resize_rootfs ssh_pwauth'),
    ...names({ type: 'str|list' }, 'merge_how merge_type'),
    ...names({ type: 'map|null' }, 'ntp wireguard'),
    apt: APT,
    apt_pipelining: { type: 'int|bool|str' },
    bootcmd: { type: 'list', items: COMMAND },
    chpasswd: CHPASSWD,
    groups: { type: 'str|list|map' },
    'launch-index': INT,
    mounts: { type: 'list', items: { type: 'list', items: { type: 'str|null' } } },
    packages: PACKAGES,
    phone_home: { type: 'map', closed: true, keys: { url: STR, post: { type: 'str|list' }, tries: INT } },
    power_state: POWER_STATE,
    runcmd: { type: 'list', items: { ...COMMAND, type: 'str|list|null' } },
    user: { ...USER, type: 'str|map' },
    users: { type: 'list|str|map', items: USER },
    version: { type: 'str|int|float|bool|null|list|map' },
    write_files: { type: 'list', items: WRITE_FILE },
    'ca-certs': old(MAP, '22.3', 'ca_certs'),
    'grub-dpkg': old(MAP, '22.2', 'grub_dpkg'),
    apt_update: old(BOOL, '22.2', 'package_update'),
    apt_upgrade: old(BOOL, '22.2', 'package_upgrade'),
    apt_reboot_if_required: old(BOOL, '22.2', 'package_reboot_if_required'),
    system_info: old(MAP, '24.2'),
    ubuntu_advantage: old(MAP, '24.1', 'ubuntu_pro'),
  },
};
