import { Message } from "@mail/core/common/message_model";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

/** @type {import("models").Message} */
const messagePatch = {
    /** What the envelope says to a screen reader: core calls every envelope a failure. */
    get office365EnvelopeLabel() {
        const deferred = this.notification_ids.find((notification) => notification.office365IsDeferred);
        if (deferred && !this.failureNotifications.length) {
            return deferred.statusTitle;
        }
        return _t("Delivery failure");
    },
};
patch(Message.prototype, messagePatch);
