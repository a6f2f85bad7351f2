-- The tables of Synapse 1.160 that the scripts touch (synapse/storage/schema/main/full_schemas/72 and deltas 86, 91),
-- and one of the tests' own: what the files of Synapse's directory must match.
CREATE TABLE users (
    name text UNIQUE, password_hash text, creation_ts bigint, admin smallint DEFAULT 0 NOT NULL, upgrade_ts bigint,
    is_guest smallint DEFAULT 0 NOT NULL, appservice_id text, consent_version text, consent_server_notice_sent text,
    user_type text, deactivated smallint DEFAULT 0 NOT NULL, shadow_banned boolean, consent_ts bigint,
    approved boolean, locked boolean DEFAULT false NOT NULL, suspended boolean DEFAULT false NOT NULL
);
CREATE TABLE rooms (
    room_id text NOT NULL PRIMARY KEY, is_public boolean, creator text, room_version text,
    has_auth_chain_index boolean
);
CREATE TABLE registration_tokens (
    token text NOT NULL UNIQUE, uses_allowed integer, pending integer NOT NULL, completed integer NOT NULL,
    expiry_time bigint
);
CREATE TABLE e2e_one_time_keys_json (
    user_id text NOT NULL, device_id text NOT NULL, algorithm text NOT NULL, key_id text NOT NULL,
    ts_added_ms bigint NOT NULL, key_json text NOT NULL
);
CREATE TABLE local_media_repository (
    media_id text UNIQUE, media_type text, media_length integer, created_ts bigint, upload_name text, user_id text,
    quarantined_by text, url_cache text, last_access_ts bigint, safe_from_quarantine boolean DEFAULT false NOT NULL,
    authenticated boolean DEFAULT false NOT NULL, sha256 text
);
CREATE TABLE local_media_repository_thumbnails (
    media_id text, thumbnail_width integer, thumbnail_height integer, thumbnail_type text, thumbnail_method text,
    thumbnail_length integer
);
CREATE TABLE local_media_repository_url_cache (
    url text, response_code integer, etag text, expires_ts bigint, og text, media_id text, download_ts bigint
);
CREATE TABLE remote_media_cache (
    media_origin text, media_id text, media_type text, created_ts bigint, upload_name text, media_length integer,
    filesystem_id text, last_access_ts bigint, quarantined_by text, authenticated boolean DEFAULT false NOT NULL,
    sha256 text, UNIQUE (media_origin, media_id)
);
CREATE TABLE remote_media_cache_thumbnails (
    media_origin text, media_id text, thumbnail_width integer, thumbnail_height integer, thumbnail_method text,
    thumbnail_type text, thumbnail_length integer, filesystem_id text
);
CREATE TABLE schema_version (lock char(1) NOT NULL DEFAULT 'X' UNIQUE, version integer NOT NULL, upgraded bool NOT NULL);
CREATE TABLE schema_compat_version (lock char(1) NOT NULL DEFAULT 'X' UNIQUE, compat_version integer NOT NULL);
CREATE TABLE bench_generation (marker text NOT NULL);
