#include "replay/loss_words.h"

#include "format/source.h"

const char *loss_words(unsigned class)
{
	static const char *const words[] = {
	    [LOSS_STATE] = "state ring full",
	    [LOSS_BULK] = "bulk ring full",
	    [LOSS_TASK] = "entry not remembered",
	    [LOSS_OVERSIZE] = "too large",
	    [LOSS_DISK] = "disk too slow or full",
	    [LOSS_DAMAGE] = "in damaged blocks",
	    [LOSS_UNREADABLE] = "delivered with an unreadable pointer",
	    [LOSS_PACKETS] = "network packets",
	};

	return class && class < sizeof words / sizeof *words ? words[class] : "of a class unknown to this program";
}
