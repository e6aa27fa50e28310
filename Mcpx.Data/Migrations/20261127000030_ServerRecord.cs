using System;
using System.Collections.Generic;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Mcpx.Data.Migrations
{
    /// <inheritdoc />
    internal sealed partial class ServerRecord : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "headers",
                table: "servers",
                type: "jsonb",
                nullable: false,
                defaultValueSql: "'[]'");

            migrationBuilder.AddColumn<Guid>(
                name: "owner_id",
                table: "servers",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<List<string>>(
                name: "tags",
                table: "servers",
                type: "text[]",
                nullable: false,
                defaultValueSql: "'{}'");

            migrationBuilder.AddColumn<List<string>>(
                name: "egress_hosts",
                table: "organizations",
                type: "text[]",
                nullable: false,
                defaultValueSql: "'{}'");

            migrationBuilder.AddColumn<string>(
                name: "client",
                table: "credentials",
                type: "jsonb",
                nullable: true);

            migrationBuilder.CreateIndex(
                name: "ix_servers_org_id_owner_id",
                table: "servers",
                columns: new[] { "org_id", "owner_id" });

            // Only the owner is emptied when a membership ends; EF has no words for that.
            migrationBuilder.Sql(
                "ALTER TABLE servers ADD CONSTRAINT fk_servers_members_owner FOREIGN KEY (org_id, owner_id) REFERENCES members (org_id, user_id) ON DELETE SET NULL (owner_id)");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropForeignKey(
                name: "fk_servers_members_owner",
                table: "servers");

            migrationBuilder.DropIndex(
                name: "ix_servers_org_id_owner_id",
                table: "servers");

            migrationBuilder.DropColumn(
                name: "headers",
                table: "servers");

            migrationBuilder.DropColumn(
                name: "owner_id",
                table: "servers");

            migrationBuilder.DropColumn(
                name: "tags",
                table: "servers");

            migrationBuilder.DropColumn(
                name: "egress_hosts",
                table: "organizations");

            migrationBuilder.DropColumn(
                name: "client",
                table: "credentials");
        }
    }
}
