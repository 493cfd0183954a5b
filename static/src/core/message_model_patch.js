import { Message } from "@mail/core/common/message_model";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

/** @type {import("models").Message} */
const messagePatch = {
    /** @returns {import("models").Notification|undefined} one whose mail waits, if none has failed */
    get office365Deferred() {
        return this.failureNotifications.length
            ? undefined
            : this.notification_ids.find((notification) => notification.office365IsDeferred);
    },
    /** Core draws the icon of the first recipient; who waits or failed may be another one. */
    get office365EnvelopeIcon() {
        return (this.failureNotifications[0] || this.office365Deferred || this.notification_ids[0]).icon;
    },
    /** What the envelope says to a screen reader and to whoever points at it: core calls every envelope a failure. */
    get office365EnvelopeLabel() {
        return this.failureNotifications.length
            ? _t("Delivery failure")
            : (this.office365Deferred || this.notification_ids[0]).statusTitle;
    },
};
patch(Message.prototype, messagePatch);
