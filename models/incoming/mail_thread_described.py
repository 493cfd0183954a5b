from collections.abc import Callable, Collection

from odoo import api, models

from ...tools.identity.acting import Fetching

Described = dict[str, dict]


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    @api.model
    def _office365_described(
        self, describe: Callable[..., Described], names: Collection[str] | None, attributes: Collection[str] | None,
    ) -> Described:
        """Return what the fields of a model are: as for an earlier message of this fetch, if the same user asked in the same context.

        :param describe: core's ``fields_get``
        """
        known, context = Fetching.of(self.env.context).described, self.env.context
        names, attributes = (None if given is None else tuple(given) for given in (names, attributes))
        asked = (self._name, self.env.uid, self.env.su, names, attributes)
        if asked not in known or known[asked][0] != context:
            described = describe(names, attributes)
            lists = [(name, key) for name, each in described.items() for key, value in each.items() if isinstance(value, list)]
            known[asked] = (context, described, lists)
        _context, described, lists = known[asked]
        # Whoever asks may change what they get.
        answer = {name: each.copy() for name, each in described.items()}
        for name, key in lists:
            answer[name][key] = answer[name][key].copy()
        return answer
