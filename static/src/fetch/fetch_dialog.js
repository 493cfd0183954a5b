import { openDialog, useFocusAtEnd } from "@mail_office365/dialogs/dialogs";
import { Component, markup, onMounted, onWillUnmount, useState } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";

/** Fetches from a mailbox, some messages at a time, and shows how far it is. What was fetched stays, however it ends. */
export class FetchDialog extends Component {
    static template = "mail_office365.FetchDialog";
    static components = { Dialog };
    static props = { serverId: Number, title: String, close: Function };

    setup() {
        this.orm = useService("orm");
        this.state = useState({
            done: 0,
            ignored: 0,
            kept: 0,
            /** @type {number|null} null until the mailbox was looked into */
            remaining: null,
            failure: "",
            isRunning: true,
            isStopping: false,
        });
        useFocusAtEnd(() => !this.state.isRunning);
        onMounted(() => this.run());
        onWillUnmount(() => this.stop());
    }

    get number() {
        return this.state.done + this.state.ignored + this.state.kept;
    }

    get total() {
        return this.number + (this.state.remaining || 0);
    }

    get percent() {
        return this.total ? Math.round((100 * this.number) / this.total) : 100;
    }

    /** What is said of the progress, to screen readers as well. */
    get status() {
        const { done, ignored, kept, remaining, isRunning, isStopping, failure } = this.state;
        const values = { number: this.number, total: this.total, done, ignored, kept, remaining };
        if (isRunning && isStopping) {
            return _t("Stops when the messages that are being fetched are in…");
        }
        if (isRunning) {
            return remaining === null
                ? _t("Odoo looks into the mailbox…")
                : _t("%(number)s of %(total)s messages fetched, %(kept)s need attention.", values);
        }
        if (!this.number) {
            return failure ? _t("Nothing was fetched.") : _t("There is no new mail.");
        }
        return remaining
            ? _t(
                  "%(done)s processed, %(ignored)s ignored, %(kept)s need attention. The next fetch takes the other %(remaining)s.",
                  values
              )
            : _t("%(done)s processed, %(ignored)s ignored, %(kept)s need attention.", values);
    }

    get attentionLabel() {
        return _t("Open %s that need attention", this.state.kept);
    }

    async run() {
        let since = null;
        let isOver = false;
        try {
            while (!isOver && !this.state.isStopping) {
                const before = { number: this.number, total: this.total, remaining: this.state.remaining };
                const round = await this.orm.silent.call("fetchmail.server", "office365_fetch_some", [
                    [this.props.serverId],
                    since,
                ]);
                const { done, ignored, kept, failure } = round;
                const remaining = round.remaining ?? Math.max(before.total - done - ignored - kept, 0);
                Object.assign(this.state, { done, ignored, kept, remaining, failure });
                since = round.since;
                // What waits and cannot be fetched is asked for by the next fetch, not for ever by this one.
                const isStuck = this.number === before.number && remaining === before.remaining;
                isOver = round.is_over || isStuck;
            }
        } catch (error) {
            this.state.failure = error.data?.message || error.message;
        }
        this.state.isRunning = false;
    }

    stop() {
        this.state.isStopping = true;
    }

    /** Open the list of what was received from this server. */
    async open(filter) {
        const action = await this.orm.call("fetchmail.server", "action_office365_inbound", [
            [this.props.serverId],
        ]);
        // Closed first: an action closes all dialogs, and would be followed by a reload of the form.
        this.props.close({ hasLeft: true });
        await this.env.services.action.doAction({
            ...action,
            help: markup(action.help || ""),
            context: { [`search_default_${filter}`]: 1 },
        });
    }
}

function fetchAction(env, action, options) {
    const { server_id: serverId, title } = action.params;
    openDialog(env, FetchDialog, { serverId, title }, options);
}

registry.category("actions").add("mail_office365.fetch", fetchAction);
