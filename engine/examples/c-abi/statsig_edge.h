/* The engine as a module: see src/lib.rs. All pointers are into the module's memory; the host writes there beyond __heap_base. */
#include <stdint.h>

struct statsig_bytes { const uint8_t *start; uint32_t length; };
struct statsig_room { uint8_t *start; uint32_t length; };

/* Who asks for which spec of which table. The room has six times as many bytes as the user's JSON. */
struct statsig_question {
    struct statsig_bytes table;
    struct statsig_bytes user;
    struct statsig_bytes name;
    struct statsig_room room;
};

enum statsig_error {
    STATSIG_NOT_A_TABLE = -1,
    STATSIG_NOT_A_USER = -2,
    STATSIG_NOT_TEXT = -3,
    STATSIG_UNKNOWN = -4,
    STATSIG_UNSUPPORTED = -5,
    STATSIG_NO_ROOM = -6,
    STATSIG_NO_KIND = -7,
};

enum statsig_kind { STATSIG_DYNAMIC_CONFIG = 1, STATSIG_EXPERIMENT = 2, STATSIG_LAYER = 3 };

/* 1 or 0, or an error. */
int32_t statsig_gate(const struct statsig_question *question);

/* The parameter's JSON text in `out`: its length, or an error. */
int32_t statsig_parameter(const struct statsig_question *question, uint32_t kind,
                          const struct statsig_bytes *parameter, const struct statsig_room *out);

/* What the host gives, as imports of the module "host". */

/* Milliseconds since 1970. */
int64_t now_ms(void);

/* The country of an IP address as two letters, the first in bits 8 to 15; 0 when it is not known. */
uint32_t country(const uint8_t *ip, uint32_t length);
