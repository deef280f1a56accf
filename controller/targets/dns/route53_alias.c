/* route53_alias.c -- hosted zones of AWS's own names. */
#include "targets/dns/route53_alias.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "util/text.h"

struct region {
        const char *name;
        const char *balancer;         /* Application and Classic: <name>.<region>.elb.amazonaws.com */
        const char *network_balancer; /* <name>.elb.<region>.amazonaws.com */
};

static const struct region regions[] = {
    {"us-east-1", "Z35SXDOTRQ7X7K", "Z26RNL4JYFTOTI"},
    {"us-east-2", "Z3AADJGX6KTTL2", "ZLMOA37VPKANP"},
    {"us-west-1", "Z368ELLRRE2KJ0", "Z24FKFUX50B4VW"},
    {"us-west-2", "Z1H1FL5HABSF5", "Z18D5FSROUN65G"},
    {"ca-central-1", "ZQSVJUPU6J1EY", "Z2EPGBW3API2WT"},
    {"sa-east-1", "Z2P70J7HTTTPLU", "ZTK26PT1VY4CU"},
    {"eu-central-1", "Z215JYRZR1TBD5", "Z3F0SRJ5LGBH90"},
    {"eu-central-2", "Z06391101F2ZOEP8P5EB3", "Z02239872DOALSIDCX66S"},
    {"eu-west-1", "Z32O12XQLNTSW2", "Z2IFOLAFXWLO4F"},
    {"eu-west-2", "ZHURV8PSTC4K8", "ZD4D7Y8KGAS4G"},
    {"eu-west-3", "Z3Q77PNBQS71R4", "Z1CMS0P5QUZ6D5"},
    {"eu-north-1", "Z23TAZ6LKFMNIO", "Z1UDT6IFJ4EJM"},
    {"eu-south-1", "Z3ULH7SSC9OV64", "Z23146JA1KNAFP"},
    {"eu-south-2", "Z0956581394HF5D5LXGAP", "Z1011216NVTVYADP1SSV"},
    {"af-south-1", "Z268VQBMOI5EKX", "Z203XCE67M25HM"},
    {"me-south-1", "ZS929ML54UICD", "Z3QSRYVP46NYYV"},
    {"me-central-1", "Z08230872XQRWHG2XF6I", "Z00282643NTTLPANJJG2P"},
    {"ap-east-1", "Z3DQVH9N71FHZ0", "Z12Y7K3UBGUAD1"},
    {"ap-south-1", "ZP97RAFLXTNZK", "ZVDDRBQ08TROA"},
    {"ap-south-2", "Z0173938T07WNTVAEPZN", "Z0711778386UTO08407HT"},
    {"ap-northeast-1", "Z14GRHDCWA56QT", "Z31USIVHYNEOWT"},
    {"ap-northeast-2", "ZWKZPGTI48KDX", "ZIBE1TIR4HY56"},
    {"ap-northeast-3", "Z5LXEXXYW11ES", "Z1GWIQ4HH19I5X"},
    {"ap-southeast-1", "Z1LMS91P8CMLE5", "ZKVM4W9LS7TM"},
    {"ap-southeast-2", "Z1GM3OXH4ZPM65", "ZCT6FZBF4DROD"},
    {"ap-southeast-3", "Z08888821HLRG5A9ZRTER", "Z01971771FYVNCOVWJU1G"},
    {"us-gov-east-1", "Z166TLBEWOO7G0", "Z1ZSMQQ6Q24QQ8"},
    {"us-gov-west-1", "Z33AYJ8TM3BH4J", "ZMG1MZ2THAWF1"},
    {"cn-north-1", "Z1GDH35T77C1KE", "Z3QFB96KMJ7ED6"},
    {"cn-northwest-1", "ZM7IZAIOVVDZF", "ZQEIKTCZ8352D"},
};

static const struct {
        const char *suffix;
        const char *zone;
} elsewhere[] = {
    {".cloudfront.net", "Z2FDTNDATAQYW2"},
    {".awsglobalaccelerator.com", "Z2BJ6XQ5FK7U4H"},
};

static bool ends_in(const char *name, const char *suffix)
{
        size_t name_bytes = strlen(name), bytes = strlen(suffix);
        return name_bytes > bytes && strcmp(name + name_bytes - bytes, suffix) == 0;
}

const char *route53_alias_zone(const char *name)
{
        for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
                if (ends_in(name, elsewhere[i].suffix))
                        return elsewhere[i].zone;
        for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++) {
                const char *china = text_has_prefix(regions[i].name, "cn-") ? ".cn" : "";
                char balancer[64], network_balancer[64];
                (void)snprintf(balancer, sizeof(balancer), ".%s.elb.amazonaws.com%s", regions[i].name, china);
                (void)snprintf(network_balancer, sizeof(network_balancer), ".elb.%s.amazonaws.com%s", regions[i].name,
                               china);
                if (ends_in(name, balancer))
                        return regions[i].balancer;
                if (ends_in(name, network_balancer))
                        return regions[i].network_balancer;
        }
        return NULL;
}
