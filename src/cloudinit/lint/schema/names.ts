/** Which key a person means who writes one that cloud-init does not have. */

/** Words of other tools and older habits, per place: the key of cloud-init, then the words for it. */
const SYNONYMS: Readonly<Record<string, string>> = {
  '': `packages=package,apt_packages,install,pkgs,apt_get runcmd=commands,command,cmd,run,run_commands,script,scripts,run_cmd
    write_files=files,file,write users=accounts ssh_authorized_keys=authorized_keys,ssh_key,public_keys,sshkeys
    timezone=tz,time_zone package_update=update,apt-get-update package_upgrade=upgrade hostname=host,name
    power_state=reboot,shutdown,poweroff ca_certs=certs,certificates apt=apt_sources,sources,repositories
    final_message=message chpasswd=passwords password=passwd`,
  'users[]': `name=username,user,login,user_name hashed_passwd=password_hash,passwd_hash,hash plain_text_passwd=password,plaintext_passwd,pass
    ssh_authorized_keys=ssh_keys,ssh_key,authorized_keys,public_keys,sshkeys,ssh_public_keys homedir=home,home_dir,home_directory
    gecos=description,full_name,fullname,comment lock_passwd=lock_password,locked,disabled_password uid=id
    expiredate=expire,expires sudo=sudoers shell=login_shell primary_group=gid no_create_home=create_home`,
  'write_files[]': `permissions=mode,perms,chmod,perm owner=user,owner_group,chown,group path=filename,file,name,dest,destination,target
    content=text,data,body,src defer=deferred,delay,late source=url,uri`,
  swap: 'filename=path,file,device,swapfile maxsize=max',
  'disk_setup.*': 'table_type=type,table,label,format layout=partitions,parts overwrite=force',
  'fs_setup[]':
    'filesystem=type,fstype,fs,fs_type label=name device=dev,path overwrite=force extra_opts=opts,options',
  power_state: 'mode=action,type,state,power delay=time,when,wait,after condition=if',
  'apt.sources.*':
    'source=uri,url,line,repo,repository,uris filename=file,path key=gpg_key,pgp_key,signed_by keyid=key_fingerprint',
  'apt.primary[]': 'uri=url,mirror arches=architectures,arch',
  'apt.security[]': 'uri=url,mirror arches=architectures,arch',
  'chpasswd.users[]': 'name=user,username password=passwd,pass,plain_text_passwd,hashed_passwd',
  phone_home: 'url=uri,address tries=retries,attempts',
  ntp: 'ntp_client=client',
  ca_certs: 'trusted=certs,certificates,cert,ca,certificate remove_defaults=remove',
  keyboard: 'layout=lang,language,keymap',
  growpart: 'devices=partitions,disks',
  snap: 'commands=install,packages assertions=assert',
  'wireguard.interfaces[]': 'config_path=path content=config',
};

/** @param path of the mapping, such as `users[3]` */
export function meantKey(path: string, name: string, known: readonly string[]): string | undefined {
  const place = Object.hasOwn(SYNONYMS, general(path, 1)) ? general(path, 1) : general(path, 0);
  const given = name.toLowerCase();
  const near = known.find((candidate) => isNear(given, candidate));
  if (near !== undefined) return near;
  for (const [key = '', words = ''] of (SYNONYMS[place] ?? '').split(/\s+/).map((row) => row.split('=')))
    if (words.split(',').includes(given) && known.includes(key)) return key;
  return known.find((candidate) => given.length > 3 && candidate.startsWith(given));
}

/** `users[3]` as `users[]`; with `names`, the last of more names as `*`: `apt.sources.docker` as `apt.sources.*`. */
export function general(path: string, names: 0 | 1): string {
  const any = path.replaceAll(/\[\d+\]/g, '[]');
  return names === 0
    ? any
    : any.replace(/^(apt\.sources|disk_setup)\..*$/, '$1.*').replace(/^user$/, 'users[]');
}

/** Equal except for case, `-` for `_`, one character more, less or other, or two neighbours exchanged. */
function isNear(given: string, known: string): boolean {
  const [a, b] = [given.replaceAll('-', '_'), known.replaceAll('-', '_')];
  if (a === b || a.replaceAll('_', '') === b.replaceAll('_', '')) return true;
  if (Math.abs(a.length - b.length) > 1 || b.length < 4) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const [left, right] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  const isSwapped = left.length === 2 && left[0] === right[1] && left[1] === right[0];
  return isSwapped || (left.length <= 1 && right.length <= 1);
}
