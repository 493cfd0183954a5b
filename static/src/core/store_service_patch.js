import { Store } from "@mail/core/common/store_service";
import { patch } from "@web/core/utils/patch";

/** @type {import("models").Store} */
const storePatch = {
    /**
     * The answer is made before the message is committed, and arrives after the mail was sent: of notifications that are known by then, the
     * bus has told what became of them since, and the answer would take it back.
     */
    async doMessagePost() {
        const data = await super.doMessagePost(...arguments);
        const told = data?.store_data?.["mail.notification"];
        if (told) {
            data.store_data["mail.notification"] = told.filter(({ id }) => !this["mail.notification"].get(id));
        }
        return data;
    },
};
patch(Store.prototype, storePatch);
