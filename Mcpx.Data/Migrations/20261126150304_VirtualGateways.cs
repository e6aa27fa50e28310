using System;
using System.Collections.Generic;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Mcpx.Data.Migrations
{
    /// <inheritdoc />
    internal sealed partial class VirtualGateways : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "answer_mebibytes",
                table: "servers",
                type: "integer",
                nullable: false,
                defaultValue: 10);

            migrationBuilder.AddColumn<int>(
                name: "concurrent_calls",
                table: "servers",
                type: "integer",
                nullable: false,
                defaultValue: 256);

            migrationBuilder.AddColumn<short>(
                name: "eras",
                table: "servers",
                type: "smallint",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "first_byte_seconds",
                table: "servers",
                type: "integer",
                nullable: false,
                defaultValue: 30);

            migrationBuilder.AddColumn<bool>(
                name: "over_sse",
                table: "servers",
                type: "boolean",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "probed_at",
                table: "servers",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "session_version",
                table: "servers",
                type: "text",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "gateways",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    org_id = table.Column<Guid>(type: "uuid", nullable: false),
                    slug = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    name = table.Column<string>(type: "text", nullable: false),
                    description = table.Column<string>(type: "text", nullable: false),
                    failure_mode = table.Column<short>(type: "smallint", nullable: false),
                    enabled = table.Column<bool>(type: "boolean", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_gateways", x => x.id);
                    table.UniqueConstraint("ak_gateways_org_id_id", x => new { x.org_id, x.id });
                    table.ForeignKey(
                        name: "fk_gateways_organizations_org_id",
                        column: x => x.org_id,
                        principalTable: "organizations",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "server_catalogs",
                columns: table => new
                {
                    server_id = table.Column<Guid>(type: "uuid", nullable: false),
                    org_id = table.Column<Guid>(type: "uuid", nullable: false),
                    content = table.Column<byte[]>(type: "bytea", nullable: false),
                    read_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_server_catalogs", x => x.server_id);
                    table.ForeignKey(
                        name: "fk_server_catalogs_servers_org_id_server_id",
                        columns: x => new { x.org_id, x.server_id },
                        principalTable: "servers",
                        principalColumns: new[] { "org_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "gateway_members",
                columns: table => new
                {
                    gateway_id = table.Column<Guid>(type: "uuid", nullable: false),
                    server_id = table.Column<Guid>(type: "uuid", nullable: false),
                    org_id = table.Column<Guid>(type: "uuid", nullable: false),
                    position = table.Column<int>(type: "integer", nullable: false),
                    prefix = table.Column<string>(type: "text", nullable: false),
                    tools = table.Column<List<string>>(type: "text[]", nullable: true),
                    overrides = table.Column<string>(type: "jsonb", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_gateway_members", x => new { x.gateway_id, x.server_id });
                    table.ForeignKey(
                        name: "fk_gateway_members_gateways_org_id_gateway_id",
                        columns: x => new { x.org_id, x.gateway_id },
                        principalTable: "gateways",
                        principalColumns: new[] { "org_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_gateway_members_servers_org_id_server_id",
                        columns: x => new { x.org_id, x.server_id },
                        principalTable: "servers",
                        principalColumns: new[] { "org_id", "id" },
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_gateway_members_org_id_gateway_id",
                table: "gateway_members",
                columns: new[] { "org_id", "gateway_id" });

            migrationBuilder.CreateIndex(
                name: "ix_gateway_members_org_id_server_id",
                table: "gateway_members",
                columns: new[] { "org_id", "server_id" });

            migrationBuilder.CreateIndex(
                name: "ix_gateways_org_id_slug",
                table: "gateways",
                columns: new[] { "org_id", "slug" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_server_catalogs_org_id_server_id",
                table: "server_catalogs",
                columns: new[] { "org_id", "server_id" },
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "gateway_members");

            migrationBuilder.DropTable(
                name: "server_catalogs");

            migrationBuilder.DropTable(
                name: "gateways");

            migrationBuilder.DropColumn(
                name: "answer_mebibytes",
                table: "servers");

            migrationBuilder.DropColumn(
                name: "concurrent_calls",
                table: "servers");

            migrationBuilder.DropColumn(
                name: "eras",
                table: "servers");

            migrationBuilder.DropColumn(
                name: "first_byte_seconds",
                table: "servers");

            migrationBuilder.DropColumn(
                name: "over_sse",
                table: "servers");

            migrationBuilder.DropColumn(
                name: "probed_at",
                table: "servers");

            migrationBuilder.DropColumn(
                name: "session_version",
                table: "servers");
        }
    }
}
