/* address.c -- one IP address, and its forms. */
#include "probe/address.h"

#include <arpa/inet.h>
#include <stdio.h>

enum err address_parse(const char *text, struct address *ret)
{
        struct address address = {.family = AF_INET};
        if (inet_pton(AF_INET, text, &address.v4) != 1) {
                address.family = AF_INET6;
                if (inet_pton(AF_INET6, text, &address.v6) != 1)
                        return ERR_INVALID;
        }
        *ret = address;
        return ERR_OK;
}

socklen_t address_to_socket(const struct address *address, uint16_t port, struct sockaddr_storage *ret)
{
        if (address->family == AF_INET) {
                struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)ret;
                *v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = address->v4};
                return sizeof(*v4);
        }
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)ret;
        *v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = address->v6};
        return sizeof(*v6);
}

void address_print(const struct address *address, uint16_t port, char ret_text[static ADDRESS_PORT_TEXT_BYTES])
{
        char text[INET6_ADDRSTRLEN] = "";
        (void)inet_ntop(address->family,
                        address->family == AF_INET ? (const void *)&address->v4 : (const void *)&address->v6, text,
                        sizeof(text));
        (void)snprintf(ret_text, ADDRESS_PORT_TEXT_BYTES, address->family == AF_INET ? "%s:%u" : "[%s]:%u", text,
                       (unsigned)port);
}
