/* stub_servers.c -- which DNS servers are asked: those of a flag, or those of resolv.conf. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/stub.h"

enum { DNS_PORT = 53, LINE_BYTES = 512, SERVER_BYTES = 64 };

static bool parse_port(const char *text, uint16_t *ret)
{
        size_t digits = strspn(text, "0123456789");
        unsigned long port = digits > 0 && digits <= 5 && text[digits] == '\0' ? strtoul(text, NULL, 10) : 0;
        *ret = (uint16_t)port;
        return port >= 1 && port <= UINT16_MAX;
}

/* One of them; @text is changed. */
static bool parse_server(char *text, struct stub_server *ret)
{
        *ret = (struct stub_server){.port = DNS_PORT};
        if (address_parse(text, &ret->address) == ERR_OK)
                return true;
        char *colon = strrchr(text, ':');
        if (!colon || colon == text || !parse_port(colon + 1, &ret->port))
                return false;
        *colon = '\0';
        if (text[0] != '[')
                return address_parse(text, &ret->address) == ERR_OK && ret->address.family == AF_INET;
        if (colon[-1] != ']')
                return false;
        colon[-1] = '\0';
        return address_parse(text + 1, &ret->address) == ERR_OK && ret->address.family == AF_INET6;
}

unsigned stub_servers_parse(const char *text, struct stub_server ret[static STUB_SERVERS_MAX])
{
        unsigned count = 0;
        for (const char *at = text;; at++) {
                char one[SERVER_BYTES];
                size_t bytes = strcspn(at, ",");
                if (bytes >= sizeof(one) || count == STUB_SERVERS_MAX)
                        return 0;
                memcpy(one, at, bytes);
                one[bytes] = '\0';
                if (!parse_server(one, &ret[count++]))
                        return 0;
                at += bytes;
                if (*at == '\0')
                        return count;
        }
}

unsigned stub_servers_from_file(const char *path, struct stub_server ret[static STUB_SERVERS_MAX])
{
        unsigned count = 0;
        char line[LINE_BYTES];
        FILE *file = fopen(path, "re");
        while (file && count < STUB_SERVERS_MAX && fgets(line, sizeof(line), file)) {
                static const char key[] = "nameserver";
                if (strncmp(line, key, sizeof(key) - 1) != 0 || !strchr(" \t", line[sizeof(key) - 1]))
                        continue;
                char *server = line + sizeof(key);
                server += strspn(server, " \t");
                server[strcspn(server, " \t\r\n%")] = '\0';
                ret[count].port = DNS_PORT;
                if (address_parse(server, &ret[count].address) == ERR_OK)
                        count++;
        }
        if (file)
                (void)fclose(file);
        if (count == 0) {
                ret[0] = (struct stub_server){.address = {.family = AF_INET}, .port = DNS_PORT};
                ret[0].address.v4.s_addr = htonl(INADDR_LOOPBACK);
                count = 1;
        }
        return count;
}
