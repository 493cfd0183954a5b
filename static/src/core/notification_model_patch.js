import { Notification } from "@mail/core/common/notification_model";
import { fields } from "@mail/core/common/record";
import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

const { DateTime } = luxon;

/** @type {import("models").Notification} */
const notificationPatch = {
    setup() {
        super.setup(...arguments);
        // When a deferred mail is tried again.
        this.office365_retry_at = fields.Datetime();
        /** @type {string|undefined} why it is, or why it failed, in one plain sentence */
        this.office365_reason = undefined;
        /** @type {string|undefined} for those who may: the server's words, and what to do */
        this.office365_details = undefined;
        /** @type {string|undefined} for administrators: lines of PowerShell */
        this.office365_command = undefined;
        this.office365_isCopied = false;
    },
    async office365CopyCommand() {
        await browser.navigator.clipboard.writeText(this.office365_command);
        this.office365_isCopied = true;
    },
    get office365IsDeferred() {
        return this.notification_status === "ready" && Boolean(this.office365_retry_at);
    },
    /** The envelope of the message: core has one for whatever has not failed. */
    get icon() {
        return this.office365IsDeferred ? "fa fa-clock-o" : super.icon;
    },
    get statusIcon() {
        return this.office365IsDeferred ? "fa fa-clock-o" : super.statusIcon;
    },
    get statusTitle() {
        if (!this.office365IsDeferred) {
            return super.statusTitle;
        }
        const isToday = this.office365_retry_at.hasSame(DateTime.now(), "day");
        const time = this.office365_retry_at.toLocaleString(
            isToday ? DateTime.TIME_SIMPLE : DateTime.DATETIME_SHORT
        );
        return _t("Retrying at %(time)s", { time });
    },
};
patch(Notification.prototype, notificationPatch);
