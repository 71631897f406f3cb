// SPDX-License-Identifier: GPL-3.0-or-later
#include "relay/store/migrations.h"

#include <array>

namespace beside::relay {
namespace {

constexpr std::string_view kFirst = R"sql(
CREATE TABLE tenant (
  id TEXT NOT NULL, name TEXT NOT NULL, region TEXT NOT NULL, tz TEXT NOT NULL, settings TEXT NOT NULL,
  PRIMARY KEY (id));
CREATE TABLE role (
  tenant_id TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, permissions TEXT NOT NULL,
  PRIMARY KEY (tenant_id, id));
CREATE UNIQUE INDEX role_name ON role (tenant_id, name);
CREATE TABLE operator (
  tenant_id TEXT NOT NULL, id TEXT NOT NULL, login TEXT NOT NULL, display_name TEXT NOT NULL,
  public_alias TEXT NOT NULL, email TEXT NOT NULL, pw_hash TEXT NOT NULL, totp_ct TEXT NOT NULL, locale TEXT NOT NULL,
  role_id TEXT NOT NULL, capacity_units INTEGER NOT NULL, auto_accept SMALLINT NOT NULL CHECK (auto_accept IN (0, 1)),
  identity_pub TEXT NOT NULL, created_at BIGINT NOT NULL, disabled_at BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, id));
CREATE UNIQUE INDEX operator_login ON operator (tenant_id, login);
CREATE TABLE operator_token (
  tenant_id TEXT NOT NULL, id TEXT NOT NULL, operator_id TEXT NOT NULL, kind SMALLINT NOT NULL CHECK (kind IN (1, 2)),
  sha256 TEXT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, used_at BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, id));
CREATE UNIQUE INDEX operator_token_sha256 ON operator_token (tenant_id, sha256);
CREATE TABLE invitation (
  tenant_id TEXT NOT NULL, id TEXT NOT NULL, login TEXT NOT NULL, role_id TEXT NOT NULL, sha256 TEXT NOT NULL,
  created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, used_at BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, id));
CREATE UNIQUE INDEX invitation_sha256 ON invitation (tenant_id, sha256);
CREATE TABLE code_session (
  tenant_id TEXT NOT NULL, id TEXT NOT NULL, operator_id TEXT NOT NULL, locator TEXT NOT NULL,
  state SMALLINT NOT NULL CHECK (state IN (0, 1, 2)), created_at BIGINT NOT NULL, valid_ms BIGINT NOT NULL,
  joined_at BIGINT NOT NULL, ended_at BIGINT NOT NULL, end_reason SMALLINT NOT NULL,
  PRIMARY KEY (tenant_id, id));
CREATE INDEX code_session_state ON code_session (tenant_id, state, ended_at);
CREATE TABLE code_session_leg (
  tenant_id TEXT NOT NULL, session_id TEXT NOT NULL, side SMALLINT NOT NULL CHECK (side IN (0, 1)),
  token_sha256 TEXT NOT NULL, ufrag TEXT NOT NULL, stun_password TEXT NOT NULL, ticket_expires_at BIGINT NOT NULL,
  seen_seq BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, session_id, side));
CREATE TABLE code_message (
  tenant_id TEXT NOT NULL, session_id TEXT NOT NULL, seq BIGINT NOT NULL, client_id TEXT NOT NULL,
  side SMALLINT NOT NULL CHECK (side IN (0, 1)), at BIGINT NOT NULL, sealed TEXT NOT NULL,
  PRIMARY KEY (tenant_id, session_id, seq));
CREATE UNIQUE INDEX code_message_client ON code_message (tenant_id, session_id, side, client_id);
CREATE TABLE connection_log (
  tenant_id TEXT NOT NULL, id TEXT NOT NULL, at BIGINT NOT NULL, session_id TEXT NOT NULL, event TEXT NOT NULL,
  detail TEXT NOT NULL, bytes BIGINT NOT NULL,
  PRIMARY KEY (tenant_id, id));
CREATE INDEX connection_log_session ON connection_log (tenant_id, session_id, at);
CREATE INDEX connection_log_at ON connection_log (tenant_id, at);
CREATE TABLE audit (
  tenant_id TEXT NOT NULL, seq BIGINT NOT NULL, at BIGINT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
  object TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL, prev_hash TEXT NOT NULL, hash TEXT NOT NULL,
  PRIMARY KEY (tenant_id, seq));
INSERT INTO tenant VALUES ('00000000-0000-7000-8000-000000000001', 'default', '', 'UTC', '{}');
INSERT INTO role VALUES ('00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000011', 'admin',
  '["session.create","log.read","operator.manage"]');
INSERT INTO role VALUES ('00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000012', 'operator',
  '["session.create"]')
)sql";

constexpr std::array<Migration, 1> kAll{{{1, kFirst}}};

}  // namespace

std::span<const Migration> migrations() { return kAll; }

}  // namespace beside::relay
