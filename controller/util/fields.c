/* fields.c -- texts of the form "key=value key=value". */
#include "util/fields.h"

#include <ctype.h>
#include <string.h>

bool fields_next(const char **at, struct field *ret)
{
        const char *key = *at;
        size_t key_bytes = 0, value_bytes = 0;
        while (isalpha((unsigned char)key[key_bytes]))
                key_bytes++;
        if (key_bytes == 0 || key[key_bytes] != '=')
                return false;
        const char *value = key + key_bytes + 1;
        while (isgraph((unsigned char)value[value_bytes]))
                value_bytes++;
        const char *end = value + value_bytes;
        bool is_followed = end[0] == ' ' && isalpha((unsigned char)end[1]);
        if (*end && !is_followed)
                return false;
        *ret = (struct field){key, key_bytes, value, value_bytes};
        *at = end + is_followed;
        return true;
}

bool field_is(const struct field *field, const char *key)
{
        return strlen(key) == field->key_bytes && memcmp(field->key, key, field->key_bytes) == 0;
}

bool field_copy(const struct field *field, char *ret_text, size_t size)
{
        if (field->value_bytes >= size)
                return false;
        memcpy(ret_text, field->value, field->value_bytes);
        ret_text[field->value_bytes] = '\0';
        return true;
}

bool field_number(const struct field *field, uint64_t max, uint64_t *ret)
{
        uint64_t number = 0;
        if (field->value_bytes == 0 || (field->value[0] == '0' && field->value_bytes > 1))
                return false;
        for (size_t i = 0; i < field->value_bytes; i++) {
                unsigned digit = (unsigned)(unsigned char)field->value[i] - '0';
                if (digit > 9 || number > (max - digit) / 10)
                        return false;
                number = number * 10 + digit;
        }
        *ret = number;
        return number <= max;
}
