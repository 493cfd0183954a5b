import { openDialog, useFocusAtEnd } from "@mail_office365/dialogs/dialogs";
import { Component, onMounted, onWillUnmount, useState } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";

/** Follows an email that Odoo sends to itself through Exchange, leg by leg. */
export class ProofDialog extends Component {
    static template = "mail_office365.ProofDialog";
    static components = { Dialog };
    static props = { tripId: Number, title: String, progress: Object, close: Function };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ ...this.props.progress, failure: "", elapsed: 0, isCancelling: false, isRunning: true });
        this.began = Date.now();
        useFocusAtEnd(() => !this.state.isRunning);
        onMounted(() => {
            this.timer = setInterval(() => {
                this.state.elapsed = Math.round((Date.now() - this.began) / 1000);
            }, 1000);
            this.run();
        });
        onWillUnmount(() => {
            this.cancel();
            clearInterval(this.timer);
        });
    }

    get elapsed() {
        return _t("%s seconds", this.state.elapsed);
    }

    /** What is said of the progress, to screen readers as well. */
    get status() {
        return this.state.isRunning && this.state.isCancelling ? _t("Odoo is cancelling the proof…") : this.state.status;
    }

    /** The state of a leg in words: colours alone tell nobody. */
    stateLabel(leg) {
        return { done: _t("Done"), failed: _t("Failed"), todo: this.state.isRunning ? _t("Waiting") : _t("Not checked") }[leg.state];
    }

    secondsLabel(leg) {
        return _t("%s s", leg.seconds);
    }

    call(method) {
        return this.orm.silent.call("office365.round.trip", method, [[this.props.tripId]]);
    }

    async run() {
        try {
            while (!this.state.is_over && !this.state.isCancelling) {
                Object.assign(this.state, await this.call("office365_proceed"));
                await this.pause(this.state.wait);
            }
            if (!this.state.is_over) {
                await this.call("office365_cancel");
                this.state.status = _t("The proof was cancelled.");
            }
        } catch (error) {
            this.state.failure = error.data?.message || error.message;
        }
        clearInterval(this.timer);
        this.state.isRunning = false;
    }

    /** Wait, unless somebody cancels. */
    pause(seconds) {
        return new Promise((resolve) => {
            this.wake = resolve;
            setTimeout(resolve, seconds * 1000);
        });
    }

    cancel() {
        this.state.isCancelling = true;
        this.wake?.();
    }
}

function proofAction(env, action, options) {
    const { trip_id: tripId, title, ...progress } = action.params;
    openDialog(env, ProofDialog, { tripId, title, progress }, options);
}

registry.category("actions").add("mail_office365.proof", proofAction);
